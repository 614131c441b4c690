import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint } from '../support/fingerprint.ts'
import type { TestImage } from '../support/images.ts'
import { type Output, run } from '../support/run.ts'
import { keepLoginsIn } from './auth-file.ts'
import type { Architecture, Client, Login } from './client.ts'

interface ImageJson {
  readonly Id: string
  readonly Digest: string
  readonly RootFS: { readonly Layers: readonly string[] }
}

export interface Podman extends Client {
  (...args: string[]): Promise<Output>
}

/**
 * podman as root with a store of its own below `folder`.
 *
 * @param authFile where it keeps what it has logged in with; `null` for where this machine's user has that
 */
export function createPodman(folder: string, authFile: string | null = null): Podman {
  mkdirSync(folder, { recursive: true })
  const store = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const env = keepLoginsIn(authFile)
  const podman = (...args: string[]) => run('podman', [...store, ...args], { env })
  const digestFile = join(folder, 'digest')

  return Object.assign(podman, {
    async load(image: TestImage, reference: string) {
      const loaded = await podman('pull', '--quiet', `docker-archive:${image.docker}`)
      await podman('tag', loaded.stdout.trim(), reference)
    },

    async push(reference: string) {
      await podman('push', '--tls-verify=false', '--digestfile', digestFile, reference)
      return readFileSync(digestFile, 'utf8').trim()
    },

    async pull(reference: string, paths: readonly string[], architecture: Architecture = 'amd64') {
      await podman('pull', '--tls-verify=false', '--arch', architecture, reference)
      const [image] = JSON.parse((await podman('image', 'inspect', reference)).stdout) as [ImageJson]
      const root = (await podman('image', 'mount', reference)).stdout.trim()
      const files = fingerprint(root, paths)
      await podman('image', 'unmount', reference)
      return { digest: image.Digest, config: `sha256:${image.Id}`, diffIds: image.RootFS.Layers, files }
    },

    async login(host: string, { username, password }: Login) {
      const options = ['--tls-verify=false', '--username', username, '--password-stdin']
      await run('podman', [...store, 'login', ...options, host], { env, input: password })
    },

    async clear() {
      await podman('image', 'rm', '--all', '--force')
    },
  })
}
