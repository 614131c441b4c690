import { createHash, type Hash } from 'node:crypto'

import type { DigestAlgorithm } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import { createBytePipe } from './byte-pipe.ts'
import type { ByteStreams, Patience } from './byte-source.ts'
import type { MultipartUpload, ObjectStore } from './object-store.ts'
import { readChunks, readParts } from './read-chunks.ts'
import { within } from './within.ts'

/** What one hop of a streamed body carries: large enough that its cost is the hash's, small enough to hold many. */
const STREAM_CHUNK_BYTES = 256 * 1024

export interface ObjectSource {
  readonly streams: ByteStreams
  /** Bytes of all streams together, or `null` if not known. */
  readonly size: number | null
  /** What a broken stream is reported as, the client's doing or the storage's; `index` says which of them. */
  readonly fault: (cause: unknown, index: number) => RegistryError
  /** How long a read of which stream may take: storage is not waited for without end. */
  readonly patience?: Patience
}

export interface Written {
  readonly size: number
  readonly hex: string
}

/**
 * Writes `source` at `key`, hashing it on the way. The last bytes (of a PUT) or the completion (of a multipart
 * upload) are kept back until `accept` has seen size and hash: if it throws, or anything fails before, the store
 * keeps nothing, since a PUT that lacks bytes is no object.
 * Memory: two chunks, or a part and a little more, whatever the size.
 *
 * @throws what `accept` throws; {RegistryError} `SIZE_INVALID` when the streams do not have `source.size` bytes
 */
export async function writeObject(
  objects: ObjectStore,
  key: string,
  source: ObjectSource,
  algorithm: DigestAlgorithm,
  accept: (written: Written) => void,
): Promise<Written> {
  const { partBytes, putBytes } = objects.limits
  const hash = createHash(algorithm)
  if (source.size !== null && source.size > partBytes && source.size <= putBytes)
    return streamObject(objects, key, source, source.size, hash, accept)
  // What fits one part is sent from memory and so can be sent again; what is larger, or of unknown size, by parts.
  const size = source.size === null ? partBytes : Math.max(Math.min(source.size, partBytes), 1)
  return writeParts(objects, key, source, size, hash, accept)
}

async function streamObject(
  objects: ObjectStore,
  key: string,
  { streams, fault, patience }: ObjectSource,
  size: number,
  hash: Hash,
  accept: (written: Written) => void,
): Promise<Written> {
  const { stallMs, commitMs } = objects.limits
  const pipe = createBytePipe(size)
  const writer = pipe.writable.getWriter()
  const stored = objects.putStream(key, pipe.readable, size)
  // A write that fails only says that storage has stopped reading: what it has answered is the reason.
  const answered = stored.then(() => {
    throw new RegistryError('UNAVAILABLE', { cause: new Error('storage answered before it had read all') })
  })
  answered.catch(() => undefined)
  const send = (bytes: Uint8Array) =>
    within(stallMs, Promise.race([writer.write(bytes).catch(() => answered), answered]))
  try {
    let total = 0
    let held = new Uint8Array(0)
    for await (const chunk of readChunks(streams, STREAM_CHUNK_BYTES, fault, patience)) {
      total += chunk.length
      if (total > size) break
      hash.update(chunk)
      if (held.length > 0) await send(held)
      held = chunk as Uint8Array<ArrayBuffer>
    }
    if (total !== size) throw sizeMismatch(size)
    const written = { size, hex: hash.digest('hex') }
    accept(written)
    const last = Promise.all([writer.write(held), writer.close()])
    last.catch(() => undefined) // as above
    await within(commitMs, stored)
    return written
  } catch (error) {
    writer.abort(error).catch(() => undefined) // not awaited: it waits for storage to read on
    throw error
  }
}

async function writeParts(
  objects: ObjectStore,
  key: string,
  source: ObjectSource,
  partBytes: number,
  hash: Hash,
  accept: (written: Written) => void,
): Promise<Written> {
  const written = () => ({ size: total, hex: hash.digest('hex') })
  let total = 0
  let count = 0
  let upload: MultipartUpload | null = null
  let sending: Promise<void> = Promise.resolve()
  try {
    for await (const part of readParts(source.streams, partBytes, source.fault, source.patience)) {
      hash.update(part.bytes)
      total += part.bytes.length
      if (source.size !== null && (total > source.size || (part.last && total < source.size)))
        throw sizeMismatch(source.size)
      if (++count > objects.limits.parts) throw new RegistryError('SIZE_INVALID', { detail: { received: total } })
      if (count === 1 && part.last) return await writeWhole(objects, key, part.bytes, written(), accept)
      upload ??= await objects.startMultipart(key)
      await sending
      sending = part.free = upload.putPart(part.bytes)
      sending.catch(() => undefined) // awaited above or below; not unhandled meanwhile
    }
    if (source.size !== null && total !== source.size) throw sizeMismatch(source.size)
    if (upload === null) return await writeWhole(objects, key, new Uint8Array(0), written(), accept)
    await sending
    const all = written()
    accept(all)
    await upload.complete() // until here nothing is to be seen at the key
    return all
  } catch (error) {
    await sending.catch(() => undefined)
    await upload?.abort()
    throw error
  }
}

async function writeWhole(
  objects: ObjectStore,
  key: string,
  bytes: Uint8Array,
  written: Written,
  accept: (written: Written) => void,
): Promise<Written> {
  accept(written)
  await objects.put(key, bytes)
  return written
}

/**
 * Size and hash of `source`, stored nowhere.
 *
 * @throws {RegistryError} `SIZE_INVALID`
 */
export async function hashSource(source: ObjectSource, algorithm: DigestAlgorithm): Promise<Written> {
  const hash = createHash(algorithm)
  let size = 0
  for await (const chunk of readChunks(source.streams, STREAM_CHUNK_BYTES, source.fault, source.patience)) {
    hash.update(chunk)
    size += chunk.length
  }
  if (source.size !== null && source.size !== size) throw sizeMismatch(source.size)
  return { size, hex: hash.digest('hex') }
}

/** How much was read until then is not told: it depends on whether the registry has the blob already. */
function sizeMismatch(expected: number): RegistryError {
  return new RegistryError('SIZE_INVALID', { detail: { expected } })
}
