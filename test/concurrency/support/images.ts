import { OCI_IMAGE_INDEX } from '../../../src/oci/media-types.ts'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { tagIndexKey } from '../../../src/storage/keys.ts'
import type { StoredObject } from '../../../src/storage/object-store.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { parseRepositoryName } from '../../../src/oci/repository.ts'
import { createRun } from '../explorer/run.ts'
import { closing, digestOf, imageOf, indexOf, locationOf, manifestOf, type TestManifest } from '../../suites/client.ts'
import type { Client } from './world.ts'
import { createWorld } from './world.ts'

export const APP = parseRepositoryName('app')

export const CONFIG = new TextEncoder().encode('a config')
export const LAYER = new TextEncoder().encode('a layer')

/** Two images of the same blobs. */
export const A = imageOf(CONFIG, [LAYER], { annotations: { name: 'a' } })
export const B = imageOf(CONFIG, [LAYER], { annotations: { name: 'b' } })
export const INDEX_OF_A = indexOf([A])

/** What a tag needs least: manifests that name nothing. */
export const [EMPTY, EMPTY_A, EMPTY_B] = ['', 'a', 'b'].map((name) =>
  manifestOf({ mediaType: OCI_IMAGE_INDEX, manifests: [], annotations: { name } }),
) as [TestManifest, TestManifest, TestManifest]

export interface Stored {
  readonly objects: ReadonlyMap<string, StoredObject>
  readonly entries: ReadonlyMap<string, Descriptor>
}

/** What storage and KV hold when these blobs, and then these images, have been pushed to `app`. */
export async function stored(
  blobs: readonly Uint8Array[],
  images: readonly (readonly [image: TestManifest, tag?: string])[] = [],
): Promise<Stored> {
  const world = createWorld(createRun(0))
  for (const bytes of blobs) {
    const started = await world.ask('/v2/app/blobs/uploads/', { method: 'POST' })
    const body = bytes as BodyInit
    await expectStatus(201, world.ask(closing(locationOf(started), digestOf(bytes)), { method: 'PUT', body }))
  }
  for (const [image, tag] of images) {
    const { path, init } = putOf(image, tag)
    await expectStatus(201, world.ask(path, init))
  }
  return { objects: world.objects, entries: world.kv.entries }
}

async function expectStatus(status: number, response: Promise<Response>): Promise<void> {
  const answer = await response
  if (answer.status !== status) throw new Error(`${answer.status}: ${await answer.text()}`)
}

function putOf({ text, mediaType, digest }: TestManifest, tag?: string) {
  const headers = { 'Content-Type': mediaType, 'Content-Length': String(text.length) } // unknown, it costs 4 MiB
  return { path: `/v2/app/manifests/${tag ?? digest}`, init: { method: 'PUT', body: text, headers } }
}

export function push(client: Client, image: TestManifest, tag?: string): Promise<Response | null> {
  const { path, init } = putOf(image, tag)
  const { digest } = image
  return client.send({ kind: 'push', digest, ...(tag !== undefined && { tag }) }, path, init)
}

export function pull(client: Client, tag: string): Promise<Response | null> {
  return client.send({ kind: 'pull tag', tag }, `/v2/app/manifests/${tag}`)
}

export function pullDigest(client: Client, { digest }: TestManifest): Promise<Response | null> {
  return client.send({ kind: 'pull manifest', digest }, `/v2/app/manifests/${digest}`)
}

export function deleteTag(client: Client, tag: string): Promise<Response | null> {
  return client.send({ kind: 'delete tag', tag }, `/v2/app/manifests/${tag}`, { method: 'DELETE' })
}

export function deleteImage(client: Client, { digest }: TestManifest): Promise<Response | null> {
  return client.send({ kind: 'delete manifest', digest }, `/v2/app/manifests/${digest}`, { method: 'DELETE' })
}

export function indexKeyOf(tag: string): string {
  return tagIndexKey(APP, parseTag(tag))
}
