import { expect } from 'vitest'

import type { StoredObject } from '../../../src/storage/object-store.ts'
import { bytesOf, digestOf, imageOf, indexOf, outcome, pushBlob, putManifest } from '../../suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../../suites/registry-under-test.ts'

/** Whole, and without a leak. */
export interface Bucket {
  readonly registry: MemoryRegistry
  readonly objects: Map<string, StoredObject>
  readonly keys: Keys
}

/** Of repository `app`: an image with a layer that no other manifest has, in an index, and a referrer. */
export interface Keys {
  readonly blob: string
  readonly holder: string
  readonly user: string
  readonly configUser: string
  readonly sharedUser: string
  readonly childUser: string
  readonly image: string
  readonly index: string
  readonly referrer: string
  readonly referrersHint: string
  readonly tag: string
  readonly tagged: string
}

const SUBJECT = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf('never pushed'),
  size: 1,
}
const FOREIGN_LAYER = {
  mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  digest: digestOf('elsewhere'),
  size: 1,
}

/** Pushes images, an index, an index of that, a referrer and several tags to two repositories that share blobs. */
export async function fillBucket(): Promise<Bucket> {
  const objects = new Map<string, StoredObject>()
  const registry = createMemoryRegistry({ objects })
  const [config, own, shared] = [bytesOf(30), bytesOf(50), bytesOf(70)]
  const image = imageOf(config, [own, shared, own])
  const other = imageOf(config, [shared])
  const foreign = imageOf(config, [], { layers: [FOREIGN_LAYER] })
  const index = indexOf([image, foreign])
  const referrer = imageOf(config, [], { subject: SUBJECT })
  for (const blob of [config, own, shared]) await pushBlob(registry, 'app', blob)
  for (const blob of [config, shared]) await pushBlob(registry, 'app/0', blob)
  for (const [repository, reference, manifest] of [
    ['app', 'image', image],
    ['app', foreign.digest, foreign],
    ['app', 'index', index],
    ['app', 'nested', indexOf([index])],
    ['app', 'again', indexOf([index])],
    ['app', referrer.digest, referrer],
    ['app/0', 'image', other],
    ['app/0', digestOf(other.text, 'sha512'), other],
    ['app/0', 'referrer', referrer],
  ] as const)
    expect(await outcome(await putManifest(registry, repository, reference, manifest))).toBe('201')

  const [slashed, dashed] = [slashedOf(digestOf(own)), dashedOf(image.digest)]
  return {
    registry,
    objects,
    keys: {
      blob: `blobs/${slashed}`,
      holder: `refs/${slashed}/app/@`,
      user: `refs/${slashed}/app/@${dashed}`,
      configUser: `refs/${slashedOf(digestOf(config))}/app/@${dashed}`,
      sharedUser: `refs/${slashedOf(digestOf(shared))}/app/@${dashed}`,
      childUser: `refs/${slashedOf(image.digest)}/app/@${dashedOf(index.digest)}`,
      image: `repositories/app/_manifests/${slashedOf(image.digest)}`,
      index: `repositories/app/_manifests/${slashedOf(index.digest)}`,
      referrer: `repositories/app/_manifests/${slashedOf(referrer.digest)}`,
      referrersHint: `repositories/app/_referrers/${dashedOf(SUBJECT.digest)}/${dashedOf(referrer.digest)}`,
      tag: 'repositories/app/_tags/image',
      tagged: `repositories/app/_tagged/${dashed}/image`,
    },
  }
}

function slashedOf(digest: string): string {
  return digest.replace(':', '/')
}

function dashedOf(digest: string): string {
  return digest.replace(':', '-')
}
