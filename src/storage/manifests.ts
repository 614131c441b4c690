import { isDigest, type Digest } from '../oci/digest.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { manifestKey, manifestsPrefix, referrerDigest, referrerKey, referrersPrefix } from './keys.ts'
import { listNames } from './list-names.ts'
import type { ObjectStore } from './object-store.ts'

export interface ManifestInfo {
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

/** A repository's manifests: the exact bytes that were pushed, under their digest. An absent one is `null`. */
export class Manifests {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async stat(repository: RepositoryName, digest: Digest): Promise<ManifestInfo | null> {
    const found = await this.#objects.head(manifestKey(repository, digest))
    return found === null ? null : { mediaType: found.contentType, size: found.size }
  }

  async get(repository: RepositoryName, digest: Digest): Promise<(ManifestInfo & { bytes: Uint8Array }) | null> {
    const found = await this.#objects.get(manifestKey(repository, digest))
    return found === null ? null : { mediaType: found.contentType, size: found.size, bytes: found.bytes }
  }

  async put(repository: RepositoryName, digest: Digest, mediaType: string, bytes: Uint8Array): Promise<void> {
    await this.#objects.put(manifestKey(repository, digest), bytes, { contentType: mediaType })
  }

  async delete(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#objects.delete(manifestKey(repository, digest))
  }

  /** The first so many, in no order that means anything. One listing. */
  async list(repository: RepositoryName, limit: number): Promise<readonly Digest[]> {
    const { names } = await listNames(this.#objects, manifestsPrefix(repository), { limit })
    return names.map((name) => name.replace('/', ':')).filter(isDigest)
  }

  /**
   * What may refer to `subject`, deleted manifests among it. One listing.
   *
   * @param after a referrer's digest; `null` for the first page
   */
  async listReferrers(
    repository: RepositoryName,
    subject: Digest,
    after: Digest | null,
    limit: number,
  ): Promise<{ referrers: readonly Digest[]; more: boolean }> {
    const prefix = referrersPrefix(repository, subject)
    const start = after === null ? '' : referrerKey(repository, subject, after).slice(prefix.length)
    const { objects, more } = await this.#objects.list(prefix, { after: start, limit })
    return { referrers: objects.map(({ key }) => referrerDigest(key)).filter(isDigest), more }
  }

  /** Whether that hint is there. One HEAD. */
  async isReferrer(repository: RepositoryName, subject: Digest, referrer: Digest): Promise<boolean> {
    return (await this.#objects.head(referrerKey(repository, subject, referrer))) !== null
  }

  /** A hint that `referrer` has this subject, written before the manifest itself. */
  async noteReferrer(repository: RepositoryName, subject: Digest, referrer: Digest): Promise<void> {
    await this.#objects.put(referrerKey(repository, subject, referrer), new Uint8Array(0))
  }
}
