import { Blobs } from '../storage/blobs.ts'
import { Manifests } from '../storage/manifests.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { Repositories } from '../storage/repositories.ts'
import { Tags } from '../storage/tags.ts'
import type { Finding } from './finding.ts'

/** Looks at one object, and at what must be there along with it. */
export type Check = () => Promise<readonly Finding[]>

export interface CheckContext {
  readonly objects: ObjectStore
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly tags: Tags
  readonly repositories: Repositories
  /** Whether there is an object, or was one a while ago: a HEAD, unless it has been seen lately. */
  readonly isThere: (key: string) => Promise<boolean>
}

/** Keys of a base image's blobs and of a repository's manifests come up again and again. About 20 MB. */
const REMEMBERED_KEYS = 50_000

export function createCheckContext(objects: ObjectStore): CheckContext {
  const seen = new Set<string>()
  return {
    objects,
    blobs: new Blobs(objects),
    manifests: new Manifests(objects),
    tags: new Tags(objects),
    repositories: new Repositories(objects),
    async isThere(key) {
      if (seen.has(key)) return true
      if ((await objects.head(key)) === null) return false
      if (seen.size >= REMEMBERED_KEYS) seen.clear()
      seen.add(key)
      return true
    },
  }
}

/**
 * Findings of `check` that are still there at a second look: while the registry is used, what the first one read may
 * have gone between two of its reads. What is found missing is never remembered, so the second look is a new one.
 */
export async function checkTwice(check: Check): Promise<readonly Finding[]> {
  const first = await check()
  return first.length === 0 ? first : check()
}
