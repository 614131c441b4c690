import { digestParts, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { blobHolderKey, blobKey, blobUserKey, refsPrefix } from './keys.ts'
import type { ObjectStore } from './object-store.ts'
import { within } from './within.ts'
import { hashSource, writeObject, type ObjectSource } from './write-object.ts'

const NOTHING = new Uint8Array(0)

/** As many as one listing has. */
const MAX_REFS = 1000

/** 128 kbit a second. */
const SLOWEST_CLIENT_BYTES_PER_MS = 16

/**
 * Content-addressed bytes, stored once for the whole registry, and which repository holds which of them. Sizes are
 * bytes; an absent blob is `null`.
 */
export class Blobs {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /** Size of the blob, if `repository` holds it. One HEAD. */
  async stat(repository: RepositoryName, digest: Digest): Promise<number | null> {
    const held = await this.#objects.head(blobHolderKey(digest, repository))
    if (held === null) return null
    const size = Number(held.metadata['size'])
    return Number.isSafeInteger(size) ? size : this.find(digest) // a copy of the bucket may have lost metadata
  }

  /** Size of the blob, whoever holds it. One HEAD; never an answer to a client by itself. */
  async find(digest: Digest): Promise<number | null> {
    return (await this.#objects.head(blobKey(digest)))?.size ?? null
  }

  /**
   * Repositories that hold the blob, in byte order of their keys. One listing, of which what only uses the blob is a part.
   *
   * @param beginning of names; '' for all
   */
  async listHolders(
    digest: Digest,
    beginning: string,
  ): Promise<{ repositories: readonly RepositoryName[]; more: boolean }> {
    const prefix = refsPrefix(digest)
    const { objects, more } = await this.#objects.list(prefix, { after: beginning, limit: MAX_REFS })
    const names = objects.flatMap(({ key }) => (key.endsWith('/@') ? [key.slice(prefix.length, -'/@'.length)] : []))
    return { repositories: names.filter(isRepositoryName), more }
  }

  /** From now on `repository` holds this blob, which is in storage. */
  async hold(repository: RepositoryName, digest: Digest, size: number): Promise<void> {
    await this.#objects.put(blobHolderKey(digest, repository), NOTHING, { metadata: { size: String(size) } })
  }

  /** The bytes stay: other repositories may hold them. */
  async release(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#objects.delete(blobHolderKey(digest, repository))
  }

  /** Notes that a manifest of `repository` uses this blob or manifest, which keeps it from being collected. */
  async noteUser(repository: RepositoryName, digest: Digest, manifest: Digest): Promise<void> {
    await this.#objects.put(blobUserKey(digest, repository, manifest), NOTHING)
  }

  /**
   * Stores the bytes under their digest, and answers their size. On error nothing is stored. Idempotent.
   *
   * A store that checks digests itself gets the body passed on unread: one that breaks off then looks like a fault
   * of the store, `UNAVAILABLE`. Otherwise it is hashed here on its way.
   *
   * @throws {RegistryError} `DIGEST_INVALID`, `SIZE_INVALID`
   */
  async write(digest: Digest, source: ObjectSource): Promise<number> {
    const { algorithm, hex } = digestParts(digest)
    const unread = this.#unread(digest, source)
    if (unread !== null) {
      // Nobody sees how far the client has got: it has the time that the slowest one needs, and the storage its own.
      const limitMs = this.#objects.limits.commitMs + unread.size / SLOWEST_CLIENT_BYTES_PER_MS
      await within(limitMs, this.#objects.putStream(blobKey(digest), unread.body, unread.size, hex))
      return unread.size
    }
    const written = await writeObject(this.#objects, blobKey(digest), source, algorithm, (found) => {
      if (found.hex !== hex) throw digestMismatch(digest, found.hex)
    })
    return written.size
  }

  /** Whether `write` would pass these bytes on unread, since the storage checks them. */
  passesUnread(digest: Digest, source: ObjectSource): boolean {
    return this.#unread(digest, source) !== null
  }

  #unread(digest: Digest, { streams, size }: ObjectSource): { body: ReadableStream<Uint8Array>; size: number } | null {
    const { features, limits } = this.#objects
    if (!features.has('checksum-sha256') || digestParts(digest).algorithm !== 'sha256') return null
    const [body, ...more] = 'length' in streams ? streams : []
    if (body === undefined || more.length > 0 || size === null || size > limits.putBytes) return null
    return { body, size }
  }

  /**
   * Copies, inside the storage, an object that is known to hold exactly these bytes.
   *
   * @returns false when that object is gone
   */
  async adopt(digest: Digest, key: string, size: number): Promise<boolean> {
    return this.#objects.copy(key, blobKey(digest), size)
  }

  /**
   * Reads the bytes of a blob that is stored already, and stores nothing.
   *
   * @throws {RegistryError} `DIGEST_INVALID`, `SIZE_INVALID`
   */
  async verify(digest: Digest, source: ObjectSource): Promise<number> {
    const { algorithm, hex } = digestParts(digest)
    const found = await hashSource(source, algorithm)
    if (found.hex !== hex) throw digestMismatch(digest, found.hex)
    return found.size
  }

  presign(digest: Digest, now: Date): Promise<URL> {
    return this.#objects.presignGet(blobKey(digest), now)
  }
}

export function digestMismatch(expected: Digest, foundHex: string): RegistryError {
  const found = `${digestParts(expected).algorithm}:${foundHex}`
  return new RegistryError('DIGEST_INVALID', { detail: { expected, found } })
}
