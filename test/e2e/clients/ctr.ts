import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint } from '../support/fingerprint.ts'
import type { TestImage } from '../support/images.ts'
import { digestIn, type Output, run } from '../support/run.ts'
import type { Architecture, Client, ConfigJson, IndexJson, Login, ManifestJson } from './client.ts'

export interface Ctr extends Client {
  (...args: string[]): Promise<Output>
  /** The digest of what a reference points to in containerd's store: a manifest or an index. */
  digest(reference: string): Promise<string>
}

/** ctr in a namespace of its own of the containerd that listens on `socket`. */
export function createCtr(socket: string, folder: string): Ctr {
  mkdirSync(folder, { recursive: true })
  const ctr = (...args: string[]) => run('ctr', ['--address', socket, '--namespace', 'roadstead', ...args])
  let user: string[] = []
  const digest = async (reference: string) => digestIn((await ctr('images', 'ls', `name==${reference}`)).stdout)
  const json = async (blob: string) => JSON.parse((await ctr('content', 'get', blob)).stdout) as unknown
  const childManifest = async ({ manifests }: IndexJson, architecture: Architecture) => {
    const child = manifests.find(({ platform }) => platform.architecture === architecture)
    return (await json(child?.digest ?? architecture)) as ManifestJson
  }

  return Object.assign(ctr, {
    digest,

    async load(image: TestImage, reference: string) {
      const repository = reference.replace(/:[^:/]*$/, '')
      const imported = await ctr('images', 'import', '--base-name', repository, image.oci)
      const name = /^unpacking (\S+)/m.exec(imported.stdout)?.[1] ?? ''
      if (name !== reference) await ctr('images', 'tag', '--force', name, reference)
    },

    async push(reference: string) {
      await ctr('images', 'push', '--plain-http', ...user, reference)
      return digest(reference)
    },

    async pull(reference: string, paths: readonly string[], architecture: Architecture = 'amd64') {
      const platform = ['--platform', `linux/${architecture}`]
      await ctr('images', 'pull', '--plain-http', ...user, ...platform, reference)
      const top = (await json(await digest(reference))) as ManifestJson | IndexJson
      const manifest = 'manifests' in top ? await childManifest(top, architecture) : top
      const config = (await json(manifest.config.digest)) as ConfigJson

      const root = mkdtempSync(join(folder, 'files-'))
      await ctr('images', 'mount', ...platform, reference, root)
      const files = fingerprint(root, paths)
      await ctr('images', 'unmount', '--rm', root)
      rmdirSync(root)
      return {
        digest: await digest(reference),
        config: manifest.config.digest,
        diffIds: config.rootfs.diff_ids,
        files,
      }
    },

    /** It has no such command: the login goes with each push and pull. */
    login(_host: string, { username, password }: Login) {
      user = ['--user', `${username}:${password}`]
      return Promise.resolve()
    },

    async clear() {
      const names = (await ctr('images', 'ls', '--quiet')).stdout.split('\n').filter((name) => name !== '')
      if (names.length > 0) await ctr('images', 'rm', '--sync', ...names)
      const left = (await ctr('content', 'ls', '--quiet')).stdout
      if (left !== '') throw new Error(`Cannot empty the store of containerd: it still holds\n${left}`)
    },
  })
}
