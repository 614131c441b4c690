import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '../support/digest.ts'
import { fingerprint } from '../support/fingerprint.ts'
import type { TestImage } from '../support/images.ts'
import { type Output, run } from '../support/run.ts'
import { keepLoginsIn } from './auth-file.ts'
import type { Architecture, Client, ConfigJson, Login, ManifestJson } from './client.ts'

export interface Skopeo extends Client {
  (...args: string[]): Promise<Output>
}

/**
 * skopeo, which keeps no images: it copies from an archive to the registry, and from the registry into a folder.
 *
 * @param authFile where it keeps what it has logged in with; `null` for where this machine's user has that
 */
export function createSkopeo(folder: string, authFile: string | null = null): Skopeo {
  mkdirSync(folder, { recursive: true })
  const env = keepLoginsIn(authFile)
  const skopeo = (...args: string[]) => run('skopeo', args, { env })
  const digestFile = join(folder, 'digest')
  const archives = new Map<string, string>()

  return Object.assign(skopeo, {
    load(image: TestImage, reference: string) {
      archives.set(reference, image.oci)
      return Promise.resolve()
    },

    async push(reference: string) {
      const source = `oci-archive:${archives.get(reference) ?? ''}`
      await skopeo('copy', '--dest-tls-verify=false', '--digestfile', digestFile, source, `docker://${reference}`)
      return readFileSync(digestFile, 'utf8').trim()
    },

    async pull(reference: string, paths: readonly string[], architecture: Architecture = 'amd64') {
      const copy = mkdtempSync(join(folder, 'pulled-'))
      const options = ['--override-arch', architecture, '--src-tls-verify=false', '--preserve-digests']
      await skopeo('copy', ...options, `docker://${reference}`, `dir:${copy}`)
      const bytes = readFileSync(join(copy, 'manifest.json'))
      const manifest = JSON.parse(bytes.toString()) as ManifestJson
      const blob = (digest: string) => join(copy, digest.replace('sha256:', ''))
      const config = JSON.parse(readFileSync(blob(manifest.config.digest), 'utf8')) as ConfigJson

      const root = join(copy, 'root')
      mkdirSync(root)
      for (const layer of manifest.layers) {
        await run('tar', ['--extract', '--preserve-permissions', '--directory', root, '--file', blob(layer.digest)])
      }
      const files = fingerprint(root, paths)
      rmSync(copy, { recursive: true })
      return { digest: digestOf(bytes), config: manifest.config.digest, diffIds: config.rootfs.diff_ids, files }
    },

    async login(host: string, { username, password }: Login) {
      const options = ['--tls-verify=false', '--username', username, '--password-stdin']
      await run('skopeo', ['login', ...options, host], { env, input: password })
    },

    clear() {
      archives.clear()
      return Promise.resolve()
    },
  })
}
