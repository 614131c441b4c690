import { parseDescriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { OCI_IMAGE_INDEX } from '../oci/media-types.ts'
import { describeReferrer, type ReferrerDescriptor } from '../oci/referrer.ts'
import { parseTag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Manifests } from '../storage/manifests.ts'
import type { Tags } from '../storage/tags.ts'
import { forEachOf } from '../storage/concurrency.ts'

/** Each referrer costs one read, of at most 4 MiB. */
export const REFERRERS_PER_PAGE = 100

interface Stores {
  readonly manifests: Manifests
  readonly tags: Tags
}

export interface ReferrersPage {
  readonly referrers: readonly ReferrerDescriptor[]
  /** Where the next page begins; `null` for none. */
  readonly next: Digest | null
}

/**
 * What refers to `subject` in this repository: made from the manifests themselves, so what has been deleted is gone. The
 * first page also has what a client listed in the referrers tag before, and that is not known otherwise.
 *
 * @param after where the page before ended; `null` for the first page
 */
export async function listReferrers(
  stores: Stores,
  repository: RepositoryName,
  subject: Digest,
  after: Digest | null,
): Promise<ReferrersPage> {
  const { manifests } = stores
  const page = await manifests.listReferrers(repository, subject, after, REFERRERS_PER_PAGE)
  const listed = after === null ? await listTagged(stores, repository, subject) : []
  const read = async (digest: Digest) => {
    const manifest = await manifests.get(repository, digest)
    return manifest === null ? [] : [describeReferrer(manifest.bytes, manifest.mediaType, digest)]
  }
  const referrers = (await forEachOf([...page.referrers, ...listed], read)).flat()
  return { referrers, next: page.more ? (page.referrers.at(-1) ?? null) : null }
}

/**
 * Manifests in the index that clients kept under the tag `<algorithm>-<hex>` for registries without this API.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
async function listTagged({ manifests, tags }: Stores, repository: RepositoryName, subject: Digest): Promise<Digest[]> {
  const record = await tags.get(repository, parseTag(subject.replace(':', '-').slice(0, MAX_TAG_LENGTH)))
  const index = record?.mediaType === OCI_IMAGE_INDEX ? await manifests.get(repository, record.digest) : null
  if (index === null) return []
  const document = JSON.parse(new TextDecoder().decode(index.bytes)) as { manifests: readonly unknown[] }
  const digests = document.manifests.slice(0, REFERRERS_PER_PAGE).map((item) => parseDescriptor(item, 'index').digest)
  const unknown = await forEachOf([...new Set(digests)], async (digest) =>
    (await manifests.isReferrer(repository, subject, digest)) ? [] : [digest],
  )
  return unknown.flat()
}

const MAX_TAG_LENGTH = 128
