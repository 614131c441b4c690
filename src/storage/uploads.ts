import { RegistryError } from '../oci/errors.ts'
import { forEachOf } from './concurrency.ts'
import { cancelledKey, chunkKey, chunkOffset, uploadPrefix } from './keys.ts'
import type { ObjectStore } from './object-store.ts'
import { writeObject, type ObjectSource, type Written } from './write-object.ts'

/**
 * Clients that cut a blob into chunks are asked for chunks of at least this. Smaller ones are taken all the same, but
 * each costs a write, a read and a deletion, and `MAX_CHUNKS` of them are a smaller blob.
 */
export const MIN_CHUNK_BYTES = 5 * 2 ** 20

/** Most chunks of one upload: ten listings. At the least chunk size that is 48 GiB. */
const MAX_CHUNKS = 10_000

const LIST_LIMIT = 1000

export interface Chunk {
  readonly key: string
  readonly offset: number
  readonly size: number
}

/**
 * The bytes of unfinished uploads. Each request's bytes are an object of their own, never written twice: two
 * requests that shared a key could let bytes through that nobody has hashed.
 */
export class Uploads {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /**
   * Stores one request's bytes, which begin at `offset` of the blob.
   *
   * @returns the object's key, and the bytes' number and sha256
   * @throws {RegistryError} `SIZE_INVALID` when the body is not `source.size` long: nothing is stored then
   */
  async append(sessionId: string, offset: number, source: ObjectSource): Promise<Written & { key: string }> {
    const key = chunkKey(sessionId, offset, crypto.randomUUID())
    const written = await writeObject(this.#objects, key, source, 'sha256', () => undefined)
    return { ...written, key }
  }

  /**
   * The chunks that make the longest run of bytes from 0 on, in order. A chunk that was sent twice, because its
   * answer was lost, counts once.
   *
   * @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN` when the upload was cancelled; `SIZE_INVALID` for too many chunks
   */
  async chunks(sessionId: string): Promise<readonly Chunk[]> {
    const { chunks: stored, cancelled } = await this.#list(sessionId)
    if (stored.length > MAX_CHUNKS)
      throw new RegistryError('SIZE_INVALID', { detail: { chunks: stored.length, most: MAX_CHUNKS } })
    if (cancelled) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: 'the upload was cancelled' })
    const lastBefore = new Map<number, Chunk | null>([[0, null]]) // the end of a run -> its last chunk
    let longest = 0
    for (const chunk of stored) {
      if (chunk.size === 0 || !lastBefore.has(chunk.offset)) continue
      const end = chunk.offset + chunk.size
      if (!lastBefore.has(end)) lastBefore.set(end, chunk)
      longest = Math.max(longest, end)
    }
    const run: Chunk[] = []
    for (let last = lastBefore.get(longest); last; last = lastBefore.get(last.offset)) run.push(last)
    return run.reverse()
  }

  /** The bytes of these chunks, one after the other, and then those of `last`. */
  read(chunks: readonly Chunk[], last: ObjectSource | null): ObjectSource {
    return {
      streams: this.#open(chunks, last),
      size: last === null ? endOf(chunks) : last.size === null ? null : endOf(chunks) + last.size,
      fault: (cause, index) =>
        last === null || index < chunks.length
          ? new RegistryError('UNAVAILABLE', { cause })
          : last.fault(cause, index - chunks.length),
      patience: (index) => (index < chunks.length ? this.#objects.limits.stallMs : null),
    }
  }

  async *#open(chunks: readonly Chunk[], last: ObjectSource | null): AsyncGenerator<ReadableStream<Uint8Array>> {
    for (const { key } of chunks) {
      const bytes = await this.#objects.open(key)
      if (bytes === null)
        throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: 'the upload was cancelled or finished' })
      yield bytes
    }
    if (last !== null) yield* last.streams
  }

  /** Removes one chunk whose key is known. */
  async remove(key: string): Promise<void> {
    await this.#objects.delete(key)
  }

  /** Removes all bytes of an upload. */
  async removeAll(sessionId: string): Promise<void> {
    const { chunks } = await this.#list(sessionId)
    await forEachOf(chunks, ({ key }) => this.#objects.delete(key))
  }

  /** Gives an upload up: from now on it has no chunks, whatever its URLs say. */
  async cancel(sessionId: string): Promise<void> {
    await this.#objects.put(cancelledKey(sessionId), new Uint8Array(0))
    await this.removeAll(sessionId)
  }

  async #list(sessionId: string): Promise<{ chunks: readonly Chunk[]; cancelled: boolean }> {
    const prefix = uploadPrefix(sessionId)
    const chunks: Chunk[] = []
    let cancelled = false
    let after = ''
    for (let more = true; more && chunks.length <= MAX_CHUNKS;) {
      const page = await this.#objects.list(prefix, { after, limit: LIST_LIMIT })
      for (const { key, size } of page.objects) {
        const offset = chunkOffset(key)
        if (offset !== null) chunks.push({ key, offset, size })
        cancelled ||= key === cancelledKey(sessionId)
        after = key.slice(prefix.length)
      }
      more = page.more
    }
    return { chunks, cancelled }
  }
}

/** Where the next byte goes. */
export function endOf(chunks: readonly Chunk[]): number {
  const last = chunks.at(-1)
  return last === undefined ? 0 : last.offset + last.size
}
