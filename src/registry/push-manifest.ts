import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import type { Manifest } from '../oci/manifest.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Blobs } from '../storage/blobs.ts'
import type { Manifests } from '../storage/manifests.ts'
import type { Visibility } from '../storage/namespaces.ts'
import type { Repositories } from '../storage/repositories.ts'
import { forEachOf } from '../storage/concurrency.ts'
import { setTag, type TagStores } from './tags.ts'

interface NewRepositories {
  /** What a new repository is to be; `null` where it may not be: in a namespace that is not there. */
  newVisibility(repository: RepositoryName): Promise<Visibility | null>
}

interface Stores extends TagStores {
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly repositories: Repositories
  /** `null` where everybody may do everything. */
  readonly accounts: NewRepositories | null
}

export interface ManifestPush {
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly manifest: Manifest
  readonly tags: readonly Tag[]
  readonly at: Date
  readonly by: string
  /** Notes what is about to be done, where changes are noted. */
  readonly audit: (action: string, detail: Readonly<Record<string, unknown>>) => Promise<void>
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

  if (!known) await createRepository(stores, push)
  const writes = [
    () => stores.manifests.put(repository, digest, manifest.mediaType, bytes),
    ...(push.tags.length > 0 ? [() => push.audit('tag.push', { tags: push.tags, digest })] : []),
  ]
  await forEachOf(writes, (write) => write())
  // It may have been removed meanwhile, which only registries with accounts can do.
  if (known && stores.accounts !== null && !(await stores.repositories.exists(repository)))
    await createRepository(stores, push)
  const record = { digest, mediaType: manifest.mediaType, size: bytes.length, pushedAt: at.toISOString(), pushedBy: by }
  for (const tag of push.tags) await setTag(stores, repository, tag, record)
}

/**
 * Says first what the new repository is, whatever one of its name was before, and then that it exists: after a crash in
 * between, the next push says it again.
 *
 * @throws {RegistryError} `DENIED` when its namespace is gone
 */
async function createRepository(
  { accounts, repositories }: Stores,
  { repository, at, audit }: ManifestPush,
): Promise<void> {
  if (accounts === null) {
    await repositories.create(repository, at)
    return
  }
  const visibility = await accounts.newVisibility(repository)
  if (visibility === null) throw new RegistryError('DENIED', { detail: 'its namespace is gone' })
  // Another push may have been first: what its owner has changed since stays.
  if (await repositories.exists(repository)) return
  await audit('repository.create', { visibility })
  await (visibility === 'public' ? repositories.makePublic(repository) : repositories.makePrivate(repository))
  await repositories.create(repository, at)
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
