import { afterAll, beforeAll, expect, test } from 'vitest'
import { manifestUrl } from './support/api.ts'
import {
  clearClients,
  type ClientName,
  clients,
  describeWithClients,
  docker,
  images,
  repository,
} from './support/clients.ts'
import { digestIn } from './support/run.ts'

describeWithClients('a tag that is pushed again', () => {
  const app = repository('app')
  const digests = { v1: '', v2: '' }

  beforeAll(clearClients)
  afterAll(clearClients)

  /** What the engine says last of each layer of an image. */
  async function pushLayers(reference: string) {
    const { stdout } = await docker('image', 'push', reference)
    const layers = [...stdout.matchAll(/^[0-9a-f]{12}: (?!Preparing|Waiting)(.*)$/gm)].map(([, status]) => status)
    return { layers, digest: digestIn(stdout, /: digest: /) }
  }

  test('unchanged: no layer is sent, and the digest stays', async () => {
    await docker.load(images['app-v1'], `${app}:latest`)
    const first = await pushLayers(`${app}:latest`)
    expect(first.layers).toEqual(['Pushed', 'Pushed', 'Pushed'])
    const again = await pushLayers(`${app}:latest`)
    expect(again.layers).toEqual(['Layer already exists', 'Layer already exists', 'Layer already exists'])
    expect(again.digest).toBe(first.digest)
    digests.v1 = first.digest
  })

  test.for(['podman', 'skopeo', 'ctr'] as const)('unchanged by %s: the digest stays', async (name) => {
    const reference = `${repository(`app-by-${name}`)}:latest`
    await clients[name].load(images['app-v1'], reference)
    const first = await clients[name].push(reference)
    expect(await clients[name].push(reference)).toBe(first)
  })

  test('with other content: the tag moves, and the old image stays under its digest', async () => {
    await docker('image', 'tag', `${app}:latest`, `${app}:stable`)
    expect(await docker.push(`${app}:stable`)).toBe(digests.v1)
    await docker.load(images['app-v2'], `${app}:latest`)
    digests.v2 = await docker.push(`${app}:latest`)
    expect(digests.v2).not.toBe(digests.v1)
  })

  const PULLS: readonly (readonly [string, 'app-v1' | 'app-v2', digest: 'v1' | 'v2', by: readonly ClientName[]])[] = [
    [':latest', 'app-v2', 'v2', ['docker', 'podman', 'skopeo', 'ctr']],
    [':stable', 'app-v1', 'v1', ['podman', 'ctr']],
    ['@v1', 'app-v1', 'v1', ['docker', 'podman', 'skopeo', 'ctr']],
    ['@v2', 'app-v2', 'v2', ['docker', 'skopeo']],
  ]

  test.for(
    PULLS.flatMap(([reference, image, version, by]) => by.map((name) => [reference, image, version, name] as const)),
  )('app%s is %s, with the digest of its %s, for %s', async ([reference, image, version, name]) => {
    await clients[name].clear()
    const { diffIds, paths, files } = images[image]
    const pulled = await clients[name].pull(whole(reference), paths)
    expect(pulled).toMatchObject({ digest: digests[version], diffIds, files })
  })

  test('deleted by its digest: it is gone with its tags, the other stays', async () => {
    const response = await fetch(manifestUrl(`${app}@${digests.v1}`), { method: 'DELETE' })
    expect([response.status, await response.text()]).toEqual([202, ''])
    await clearClients()
  })

  const REFUSALS = [
    ['docker', /manifest unknown|not found/],
    ['podman', /manifest unknown/],
    ['skopeo', /manifest unknown/],
    ['ctr', /not found/],
  ] as const

  test.for(REFUSALS)('%s says that it is gone', async ([name, message]) => {
    for (const reference of [':stable', '@v1']) {
      await expect(clients[name].pull(whole(reference), []), reference).rejects.toThrow(message)
    }
    const { digest } = await clients[name].pull(`${app}:latest`, images['app-v2'].paths)
    expect(digest).toBe(digests.v2)
  })

  test('pushed after its deletion: it is back', async () => {
    await clearClients()
    await docker.load(images['app-v1'], `${app}:stable`)
    expect(await docker.push(`${app}:stable`)).toBe(digests.v1)
    await docker.clear()
    expect((await docker.pull(`${app}:stable`, images['app-v1'].paths)).files).toBe(images['app-v1'].files)
  })

  /** `:tag`, or `@v1` for the digest that version has. */
  function whole(reference: string): string {
    if (reference === '@v1' || reference === '@v2') return `${app}@${digests[reference === '@v1' ? 'v1' : 'v2']}`
    return `${app}${reference}`
  }
})
