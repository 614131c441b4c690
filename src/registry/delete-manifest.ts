import type { Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { MAX_PAGE_ENTRIES } from '../http/pagination.ts'
import type { Manifests } from '../storage/manifests.ts'
import { forEachOf } from '../storage/concurrency.ts'
import { deleteTag, type Deletion, type TagStores } from './tags.ts'

interface Stores extends TagStores {
  readonly manifests: Manifests
}

/**
 * Deletes the tags that point to the manifest, then the manifest. Blobs and refs stay: garbage collection alone
 * removes those.
 *
 * @throws {RegistryError} `MANIFEST_UNKNOWN`
 */
export async function deleteManifest(
  stores: Stores,
  repository: RepositoryName,
  digest: Digest,
  { at, by, audit }: Deletion,
): Promise<void> {
  if ((await stores.manifests.stat(repository, digest)) === null)
    throw new RegistryError('MANIFEST_UNKNOWN', { detail: { digest } })

  await audit?.()
  let after = ''
  for (let more = true; more;) {
    const page = await stores.tags.listTagged(repository, digest, { after, limit: MAX_PAGE_ENTRIES })
    await forEachOf(page.tags, (tag) => deleteTag(stores, repository, tag, { at, by }, digest))
    after = page.tags.at(-1) ?? after
    more = page.more && page.tags.length > 0
  }
  await stores.manifests.delete(repository, digest)
}
