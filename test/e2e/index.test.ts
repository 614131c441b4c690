import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIndex } from './support/api.ts'
import {
  clearClients,
  type ClientName,
  clients,
  ctr,
  describeWithClients,
  docker,
  folder,
  images,
  podman,
  repository,
  skopeo,
} from './support/clients.ts'
import { digestIn } from './support/run.ts'

const ARCHITECTURES = ['amd64', 'arm64'] as const

/** Each way to push an index gives the digest that the client says it has pushed. */
const WAYS: readonly (readonly [
  way: string,
  push: (reference: string) => Promise<string>,
  pullers: readonly ClientName[],
])[] = [
  [
    'docker manifest',
    async (reference) => {
      const parts = ARCHITECTURES.map((architecture) => `${reference}-${architecture}`)
      for (const [i, architecture] of ARCHITECTURES.entries()) {
        await docker.load(images[`platform-${architecture}`], parts[i] ?? '')
        await docker.push(parts[i] ?? '')
      }
      await docker('manifest', 'create', '--insecure', reference, ...parts)
      return digestIn((await docker('manifest', 'push', '--insecure', reference)).stdout)
    },
    ['docker', 'podman', 'skopeo', 'ctr'],
  ],
  [
    'podman manifest',
    async (reference) => {
      await podman('manifest', 'create', reference)
      for (const architecture of ARCHITECTURES) {
        const part = `localhost/part-${architecture}:v1`
        await podman.load(images[`platform-${architecture}`], part)
        await podman('manifest', 'add', reference, `containers-storage:${part}`)
      }
      const digestFile = join(folder, 'podman/index-digest')
      const options = ['--all', '--tls-verify=false', '--digestfile', digestFile]
      await podman('manifest', 'push', ...options, reference, `docker://${reference}`)
      return readFileSync(digestFile, 'utf8').trim()
    },
    ['docker', 'ctr'],
  ],
  [
    'skopeo copy --all',
    async (reference) => {
      const digestFile = join(folder, 'skopeo/index-digest')
      const options = ['--all', '--src-tls-verify=false', '--dest-tls-verify=false', '--digestfile', digestFile]
      await skopeo('copy', ...options, `docker://${source()}`, `docker://${reference}`)
      return readFileSync(digestFile, 'utf8').trim()
    },
    ['podman'],
  ],
  [
    'ctr images push',
    async (reference) => {
      await ctr('images', 'pull', '--plain-http', '--all-platforms', source())
      await ctr('images', 'tag', source(), reference)
      return ctr.push(reference)
    },
    ['docker'],
  ],
]

/** The index that the first way has pushed: skopeo and ctr make none, they copy it. */
function source(): string {
  return reference('docker manifest')
}

function reference(way: string): string {
  return `${repository(`platforms-by-${way.replaceAll(/[^a-z]+/g, '-')}`)}:v1`
}

describeWithClients.for(WAYS)('an index of two platforms, pushed by %s', ([way, push, pullers]) => {
  beforeAll(clearClients)
  afterAll(clearClients)

  test('is served with true digests and sizes, its children as well', async () => {
    const digest = await push(reference(way))
    const index = await readIndex(reference(way))
    expect(index.digest).toBe(digest)
    expect(index.images.map(({ config }) => config)).toEqual([images['platform-amd64'].id, images['platform-arm64'].id])
    if (way.startsWith('skopeo') || way.startsWith('ctr')) expect(digest).toBe((await readIndex(source())).digest)
  })

  const PULLS = pullers.flatMap((name) => ARCHITECTURES.map((architecture) => [name, architecture] as const))

  test.for(PULLS)('%s pulls the image for %s', async ([name, architecture]) => {
    const { id, diffIds, paths, files } = images[`platform-${architecture}`]
    await clients[name].clear()
    const pulled = await clients[name].pull(reference(way), paths, architecture)
    expect(pulled).toMatchObject({ config: id, diffIds, files })
  })
})
