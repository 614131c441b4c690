import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fingerprint } from '../support/fingerprint.ts'
import type { TestImage } from '../support/images.ts'
import { digestIn, type Output, run, type RunOptions } from '../support/run.ts'
import type { Architecture, Client, Login } from './client.ts'

interface ImageJson {
  readonly Id: string
  readonly RepoDigests: readonly string[]
  readonly RootFS: { readonly Layers: readonly string[] }
}

/** The docker command line of one engine. */
export interface Docker extends Client {
  (...args: string[]): Promise<Output>
  /** Where it keeps what it has logged in with. */
  readonly configFile: string
  with(options: RunOptions): (...args: string[]) => Promise<Output>
  inspect(reference: string): Promise<ImageJson>
  /** The fingerprint of an image in the engine's store, taken from a container that never runs. */
  fingerprint(reference: string, paths: readonly string[]): Promise<string>
}

/** @param folder for the client's configuration and for files taken out of images */
export function createDocker(host: string, folder: string): Docker {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'config')
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: config, DOCKER_BUILDKIT: '0' }
  const withOptions =
    (options: RunOptions) =>
    (...args: string[]) =>
      run('docker', args, { ...options, env })
  const docker = withOptions({})

  const inspect = async (reference: string) =>
    JSON.parse((await docker('image', 'inspect', '--format', '{{json .}}', reference)).stdout) as ImageJson

  const takeFingerprint = async (reference: string, paths: readonly string[]) => {
    const root = mkdtempSync(join(folder, 'files-'))
    const container = (await docker('container', 'create', reference, 'true')).stdout.trim()
    for (const path of paths) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      await docker('container', 'cp', `${container}:${path}`, join(root, path))
    }
    await docker('container', 'rm', container)
    const files = fingerprint(root, paths)
    rmSync(root, { recursive: true })
    return files
  }

  return Object.assign(docker, {
    configFile: join(config, 'config.json'),
    with: withOptions,
    inspect,
    fingerprint: takeFingerprint,

    async load(image: TestImage, reference: string) {
      await docker('image', 'load', '--input', image.docker)
      await docker('image', 'tag', image.id, reference)
    },

    async push(reference: string) {
      return digestIn((await docker('image', 'push', reference)).stdout, /: digest: sha256:/)
    },

    async pull(reference: string, paths: readonly string[], architecture: Architecture = 'amd64') {
      const pulled = await docker('image', 'pull', '--platform', `linux/${architecture}`, reference)
      const digest = digestIn(pulled.stdout, /^Digest: sha256:/)
      const image = await inspect(reference)
      const repository = reference.replace(/(@sha256:.*|:[^:/]*)$/, '')
      if (!image.RepoDigests.includes(`${repository}@${digest}`)) throw new Error(`Cannot find ${digest} in its store`)
      const files = await takeFingerprint(reference, paths)
      return { digest, config: image.Id, diffIds: image.RootFS.Layers, files }
    },

    async login(registry: string, { username, password }: Login) {
      await withOptions({ input: password })('login', registry, '--username', username, '--password-stdin')
    },

    async clear() {
      await docker('image', 'prune', '--all', '--force')
      const left = (await docker('image', 'ls', '--all', '--quiet')).stdout
      if (left !== '') throw new Error(`Cannot empty the store of docker: it still holds\n${left}`)
    },
  })
}
