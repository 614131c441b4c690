import { afterAll, beforeAll, expect, test } from 'vitest'
import { readImage, type ServedImage } from './support/api.ts'
import { clearClients, type ClientName, clients, describeWithClients, images, repository } from './support/clients.ts'
import type { ImageName } from './support/images.ts'

/** The small image goes from every client to every other, the large ones from each to one or two. */
const ROWS: readonly (readonly [image: ImageName, pusher: ClientName, pullers: readonly ClientName[]])[] = [
  ['layers-20-docker', 'docker', ['podman', 'skopeo', 'ctr']],
  ['layers-20-podman', 'podman', ['docker', 'skopeo', 'ctr']],
  ['layers-20-skopeo', 'skopeo', ['docker', 'podman', 'ctr']],
  ['layers-20-ctr', 'ctr', ['docker', 'podman', 'skopeo']],
  ['debian', 'docker', ['podman', 'ctr']],
  ['debian', 'podman', ['skopeo']],
  ['debian', 'skopeo', ['docker']],
  ['debian', 'ctr', ['podman']],
  ['layers-100', 'docker', ['podman', 'ctr']],
  ['layers-100', 'ctr', ['docker', 'skopeo']],
  ['large', 'docker', ['ctr']],
  ['large', 'skopeo', ['podman']], // compressed by itself: these are other bytes than docker's
  ['large-too', 'ctr', ['docker']],
]

describeWithClients.for(ROWS)('%s pushed by %s', ([name, pusher, pullers]) => {
  const reference = `${repository(`${name}-by-${pusher}`)}:v1`
  const image = images[name]
  let served: ServedImage

  beforeAll(async () => {
    await clearClients()
    await clients[pusher].load(image, reference)
    const digest = await clients[pusher].push(reference)
    served = await readImage(reference)
    expect(served.digest, 'the digest that the client printed').toBe(digest)
  })
  afterAll(clearClients)

  test('is served with true digests and sizes', () => {
    expect(served.diffIds).toEqual(image.diffIds)
    expect(served.blobs).toHaveLength(1 + image.diffIds.length)
    // skopeo and ctr push the OCI archive, whose config is another.
    if (pusher === 'docker' || pusher === 'podman') expect(served.config).toBe(image.id)
  })

  test.for(pullers)('%s pulls the same image', async (puller) => {
    await clients[puller].clear()
    expect(await clients[puller].pull(reference, image.paths)).toEqual({
      digest: served.digest,
      config: served.config,
      diffIds: image.diffIds,
      files: image.files,
    })
  })
})
