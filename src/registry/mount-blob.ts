import type { Caller, Reads } from '../auth/access.ts'
import { countShared } from '../log.ts'
import type { Digest } from '../oci/digest.ts'
import { namespaceOf } from '../oci/namespace.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Blobs } from '../storage/blobs.ts'

/** Holders of one blob of which is asked whether the caller may read them; each may cost a few reads. */
const MAX_ASKED = 8

/**
 * Hands `repository` a blob that another one has, without its bytes being sent.
 *
 * @returns false when it is not there, or not for this caller to see: the two look the same
 */
export async function mountBlob(
  blobs: Blobs,
  caller: Caller,
  repository: RepositoryName,
  digest: Digest,
  from: RepositoryName,
): Promise<boolean> {
  if (caller.reads !== 'everything' && !(await caller.reads.mayPull(from))) return false
  const size = await blobs.stat(from, digest)
  if (size === null) return false
  await blobs.hold(repository, digest, size)
  countShared(size)
  return true
}

/**
 * Hands `repository`, which does not hold it yet, a blob that is somewhere in the registry, if the caller may pull it
 * from some repository: to all others it is absent, and they prove by an upload that they have it.
 *
 * @returns its size; `null` when it is not there, or not for this caller to see
 */
export async function claimBlob(
  blobs: Blobs,
  caller: Caller,
  repository: RepositoryName,
  digest: Digest,
): Promise<number | null> {
  const size = await blobs.find(digest)
  if (size === null) return null
  if (caller.reads !== 'everything' && !(await mayPullSomewhere(blobs, caller.reads, repository, digest))) return null
  await blobs.hold(repository, digest, size)
  countShared(size)
  return size
}

/** The neighbours in the repository's own namespace are asked first: they are the likeliest to be readable. */
async function mayPullSomewhere(
  blobs: Blobs,
  reads: Reads,
  repository: RepositoryName,
  digest: Digest,
): Promise<boolean> {
  const namespace = namespaceOf(repository)
  const { repositories, more } = await blobs.listHolders(digest, '')
  const near = more ? (await blobs.listHolders(digest, `${namespace}/`)).repositories : repositories
  const isNear = (holder: RepositoryName) => namespaceOf(holder) === namespace
  const holders = [...near.filter(isNear), ...repositories.filter((holder) => !isNear(holder))]
  for (const holder of holders.slice(0, MAX_ASKED)) if (await reads.mayPull(holder)) return true
  return false
}
