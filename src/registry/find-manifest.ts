import type { Digest } from '../oci/digest.ts'
import type { Reference } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { resolveTag, type TagStores } from './tags.ts'

/**
 * The manifest that a reference names, read with `read`. KV may still point to a manifest that the tag has left and
 * that was deleted since: storage is asked then where the tag points now.
 *
 * @returns `null` also for a tag whose manifest has been deleted
 */
export async function findManifest<M>(
  stores: TagStores & { readonly freshTagReads: boolean },
  repository: RepositoryName,
  reference: Reference,
  read: (digest: Digest) => Promise<M | null>,
  background: (work: Promise<unknown>) => void,
): Promise<{ digest: Digest; manifest: M } | null> {
  async function at(digest: Digest | undefined): Promise<{ digest: Digest; manifest: M } | null> {
    const manifest = digest === undefined ? null : await read(digest)
    return digest === undefined || manifest === null ? null : { digest, manifest }
  }
  if (reference.kind === 'digest') return at(reference.digest)

  const { tags, freshTagReads } = stores
  if (freshTagReads) return at((await tags.get(repository, reference.tag))?.digest)
  const resolved = await resolveTag(stores, repository, reference.tag, background)
  const found = await at(resolved?.manifest.digest)
  if (found !== null || resolved === null || resolved.confirmed) return found
  return at((await tags.get(repository, reference.tag))?.digest)
}
