import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import type { Manifest } from '../oci/manifest.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Blobs } from '../storage/blobs.ts'
import type { Manifests } from '../storage/manifests.ts'
import type { Repositories } from '../storage/repositories.ts'
import { forEachOf } from '../storage/concurrency.ts'
import { setTag, type TagStores } from './tags.ts'

interface Stores extends TagStores {
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly repositories: Repositories
}

export interface ManifestPush {
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly manifest: Manifest
  readonly tags: readonly Tag[]
  readonly at: Date
  readonly by: string
}

/**
 * Stores a manifest and points tags to it. The order makes a crash anywhere leave at most something too many: refs
 * and the referrers entry, then the check that all it names is there, then the manifest, then each tag.
 *
 * @throws {RegistryError} `MANIFEST_BLOB_UNKNOWN`, one error for each blob or manifest that is not in the repository
 */
export async function pushManifest(stores: Stores, push: ManifestPush): Promise<void> {
  const { repository, digest, bytes, manifest, at, by } = push
  if (manifest.subject !== null) await stores.manifests.noteReferrer(repository, manifest.subject.digest, digest)
  const known = await requireAll(stores, push)

  if (!known) await stores.repositories.create(repository, at)
  await stores.manifests.put(repository, digest, manifest.mediaType, bytes)
  const record = { digest, mediaType: manifest.mediaType, size: bytes.length, pushedAt: at.toISOString(), pushedBy: by }
  for (const tag of push.tags) await setTag(stores, repository, tag, record)
}

/**
 * Answers whether the repository exists, which is asked in the same queue.
 *
 * Each ref is written before its blob is looked up, so that a blob found here cannot be collected afterwards.
 */
async function requireAll(stores: Stores, { repository, digest, manifest }: ManifestPush): Promise<boolean> {
  const { blobs, manifests } = stores
  let known = false
  async function missing({ digest: wanted }: Descriptor, isThere: () => Promise<boolean>): Promise<Digest | null> {
    await blobs.noteUser(repository, wanted, digest)
    return (await isThere()) ? null : wanted
  }
  const checks: (() => Promise<Digest | null>)[] = [
    async () => {
      known = await stores.repositories.exists(repository)
      return null
    },
    ...manifest.blobs.map(
      (blob) => () => missing(blob, async () => (await blobs.stat(repository, blob.digest)) !== null),
    ),
    ...manifest.manifests.map(
      (child) => () => missing(child, async () => (await manifests.stat(repository, child.digest)) !== null),
    ),
  ]
  const absent = (await forEachOf(checks, (check) => check())).filter((found) => found !== null)
  if (absent.length > 0)
    throw new RegistryError('MANIFEST_BLOB_UNKNOWN', { details: absent.map((unknown) => ({ digest: unknown })) })
  return known
}
