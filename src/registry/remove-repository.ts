import type { RepositoryName } from '../oci/repository.ts'
import type { Manifests } from '../storage/manifests.ts'
import type { Repositories } from '../storage/repositories.ts'
import { deleteManifest } from './delete-manifest.ts'
import { deleteTag, type Deletion, type TagStores } from './tags.ts'

/** What one request removes; each costs a handful of calls of storage. */
const AT_ONCE = 20

interface Stores extends TagStores {
  readonly manifests: Manifests
  readonly repositories: Repositories
}

/**
 * Removes tags, then manifests, and at the very end the repository itself, so that a removal that was cut off can be
 * begun again. Blobs and refs stay: garbage collection alone removes those.
 *
 * @returns false when there is more to do than one request may
 */
export async function removeRepository(stores: Stores, repository: RepositoryName, how: Deletion): Promise<boolean> {
  const { manifests, repositories, tags } = stores
  await repositories.makePrivate(repository)
  const { tags: names } = await tags.list(repository, { limit: AT_ONCE })
  for (const tag of names) await deleteTag(stores, repository, tag, how)
  if (names.length > 0) return false
  const digests = await manifests.list(repository, AT_ONCE)
  for (const digest of digests) await deleteManifest(stores, repository, digest, how)
  if (digests.length > 0) return false
  await repositories.delete(repository)
  if ((await manifests.list(repository, 1)).length === 0) return true
  await repositories.create(repository, how.at) // something was pushed meanwhile
  return false
}
