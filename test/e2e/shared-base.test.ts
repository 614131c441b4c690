import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readImage, type ServedImage } from './support/api.ts'
import {
  clearClients,
  ctr,
  describeWithClients,
  docker,
  folder,
  images,
  repository,
  s3,
  skopeo,
} from './support/clients.ts'
import { type RunningRegistry, startRegistry } from './support/registry.ts'
import { listStorage, type Stored } from './support/storage.ts'

/** On a registry of its own, which is stopped to look into its storage: that needs the store's files for itself. */
describeWithClients('repositories that share a base', () => {
  const ownFolder = join(folder, 'shared-base')
  let running: RunningRegistry
  const at = (name: string) => `${repository(name, running.host)}:v1`
  const served = new Map<string, ServedImage>()

  beforeAll(async () => {
    await clearClients()
    running = await startRegistry(ownFolder, s3)
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await clearClients()
  })

  async function stored(): Promise<Stored> {
    await running.daemon.stop('SIGINT')
    const listed = await listStorage(running)
    running = await startRegistry(ownFolder, s3, running.ports)
    return listed
  }

  /** The blobs that these images need, each once. */
  function blobsOf(...names: string[]): Map<string, number> {
    const blobs = names.flatMap((name) => served.get(name)?.blobs ?? [])
    return new Map(blobs.map(({ digest, size }) => [digest, size]))
  }

  async function pushWithDocker(name: string, image: 'debian' | 'debian-too'): Promise<string[]> {
    await docker.load(images[image], at(name))
    const { stdout } = await docker('image', 'push', at(name))
    served.set(name, await readImage(at(name)))
    // Lowest layer first, as in the image; docker prints them the other way round.
    const said = (diffId: string) => new RegExp(`^${diffId.slice(7, 19)}: (?!Preparing|Waiting)(.*)$`, 'm')
    return images[image].diffIds.map((diffId) => said(diffId).exec(stdout)?.[1] ?? '')
  }

  test('the first push sends all', async () => {
    expect(await pushWithDocker('a', 'debian')).toEqual(['Pushed', 'Pushed', 'Pushed'])
    const { blobs, uploads } = await stored()
    expect(blobs).toEqual(blobsOf('a'))
    expect(uploads).toEqual(new Map())
  })

  test('another image on the same base sends what is new, and storage grows by no more', async () => {
    const mounted = expect.stringMatching(/^(Mounted from .*\/a|Layer already exists)$/) as string
    expect(await pushWithDocker('b', 'debian-too')).toEqual([mounted, 'Pushed', 'Pushed'])
    const { blobs, uploads } = await stored()
    expect(blobs).toEqual(blobsOf('a', 'b'))
    expect(blobs.size).toBe(blobsOf('a').size + 3) // two layers and the config
    expect(uploads).toEqual(new Map())
  })

  test('the same image in another repository sends nothing, and containerd finds its sizes true', async () => {
    const mounted = expect.stringMatching(/^(Mounted from .*\/[ab]|Layer already exists)$/) as string
    expect(await pushWithDocker('c', 'debian')).toEqual([mounted, mounted, mounted])
    expect(served.get('c')).toEqual(served.get('a'))
    const { id, diffIds, paths, files } = images.debian
    for (const name of ['a', 'c']) {
      const pulled = await ctr.pull(at(name), paths)
      expect(pulled).toEqual({ digest: served.get(name)?.digest, config: id, diffIds, files })
      await ctr.clear()
    }
  })

  test('what one client has sent in one way is not kept again when another sends it in another way', async () => {
    await skopeo.load(images.debian, at('d')) // PATCH, then PUT
    await skopeo.push(at('d'))
    served.set('d', await readImage(at('d')))
    await ctr.load(images.debian, at('e')) // PUT with the bytes
    await ctr.push(at('e'))
    served.set('e', await readImage(at('e')))
    expect(blobsOf('e')).toEqual(blobsOf('d'))

    const { blobs, uploads } = await stored()
    expect(blobs).toEqual(blobsOf('a', 'b', 'd'))
    expect(uploads).toEqual(new Map())
  })
})
