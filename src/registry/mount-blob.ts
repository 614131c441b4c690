import type { Caller } from '../auth/access.ts'
import type { Digest } from '../oci/digest.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Blobs } from '../storage/blobs.ts'

/**
 * Hands `repository` a blob that the registry has, without its bytes being sent.
 *
 * @param from where the caller says it is; `null` to look in the whole registry
 * @returns false when it is not there, or not for this caller to see: the two look the same
 */
export async function mountBlob(
  blobs: Blobs,
  caller: Caller,
  repository: RepositoryName,
  digest: Digest,
  from: RepositoryName | null,
): Promise<boolean> {
  if (from === null && (await blobs.stat(repository, digest)) !== null) return true
  if (from !== null && !(await caller.mayPull(from))) return false
  const size = from === null ? await blobs.find(digest) : await blobs.stat(from, digest)
  if (size === null) return false
  await blobs.hold(repository, digest, size)
  return true
}
