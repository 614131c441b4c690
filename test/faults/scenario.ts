import { bytesOf, imageOf, pushBlob, putManifest, type TestManifest } from '../suites/client.ts'
import type { MemoryRegistry } from '../suites/registry-under-test.ts'
import type { Client, Recovery } from './client.ts'
import type { Watched } from './observer.ts'
import type { Instance, StoreOptions } from './world.ts'

/** One whole action of a client: all its requests. Made anew for each case, so it may remember what it was told. */
export interface Operation {
  /** @param again whether it was tried before: what it wanted may be done by now */
  run(client: Client, again: boolean): Promise<void>
  /** Looks, through a registry that changes nothing, for all that its success has promised. */
  promised(registry: Instance): Promise<void>
  /** Of an operation that must never succeed: what it is answered where nothing else is wrong. */
  readonly refusal?: string
}

export interface Scenario {
  readonly name: string
  readonly options?: StoreOptions
  /** What a client may do about a failure, besides beginning again: 'retry' unless said otherwise. */
  readonly recoveries?: readonly Recovery[]
  /** Brings about the state in which it begins, beyond the images of `BYSTANDERS`. */
  readonly prepare?: (registry: Instance) => Promise<void>
  /** Images that others pull meanwhile, beyond those. */
  readonly watched?: readonly Watched[]
  /** Whether KV is behind the records to begin with. */
  readonly staleBefore?: boolean
  readonly operation: () => Operation
}

export const CONFIG = bytesOf(21)
export const LAYER = bytesOf(33)

/** Of the repository in which most happens, and of another that shares the blobs of the first. */
export const STABLE: TestManifest = imageOf(CONFIG, [LAYER])
const SHARING = imageOf(CONFIG, [LAYER], { annotations: { in: 'another repository' } })

export const BYSTANDERS: readonly Watched[] = [
  { repository: 'app', tag: 'stable', images: [STABLE], blobs: [CONFIG, LAYER] },
  { repository: 'another/one', tag: 'v1', images: [SHARING], blobs: [CONFIG, LAYER] },
]

export async function pushAll(registry: MemoryRegistry, watched: readonly Watched[]): Promise<void> {
  for (const { repository, tag, images, blobs } of watched) {
    for (const blob of blobs) await pushBlob(registry, repository, blob)
    const [image] = images
    if (image !== undefined) await putManifest(registry, repository, tag, image)
  }
}
