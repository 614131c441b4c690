import { createHash } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { writeObject, type ObjectSource } from '../../src/storage/write-object.ts'
import { rejection } from '../oci/support/refusal.ts'
import { S3, STORAGES } from './settings.ts'

/** S3 allows no smaller part. */
const PART_BYTES = 5 * 2 ** 20
const PUT_BYTES = PART_BYTES + 2 ** 20

/** Each way through the store: whole, as one stream, by parts. */
const WAYS: [size: number, known: boolean][] = [
  [0, true],
  [0, false],
  [1, true],
  [1000, false],
  [PART_BYTES, true],
  [PART_BYTES, false],
  [PART_BYTES + 1, true],
  [PART_BYTES + 1, false],
  [PUT_BYTES, true],
  [PUT_BYTES + 1, true],
  [2 * PART_BYTES + 3, false],
]

describe.for(STORAGES)('in workerd, where bodies and pipes are its own, to %s', ([, settings]) => {
  const store = createS3ObjectStore(settings ?? S3, { partBytes: PART_BYTES, putBytes: PUT_BYTES })
  beforeEach(({ skip }) => {
    skip(settings === null, 'it is not on this machine')
  })

  test.each(WAYS)('%i bytes, known %s, are stored with their digest', async (size, known) => {
    const [key, bytes] = [ownKey(), bytesOf(size)]
    const written = await writeObject(store, key, sourceOf(bytes, known ? size : null), 'sha256', ignore)
    expect(written).toEqual({ size, hex: sha256(bytes) })
    expect(await store.head(key)).toMatchObject({ size })
    expect(sha256(new Uint8Array(await new Response(await store.open(key)).arrayBuffer()))).toBe(sha256(bytes))
  })

  test.each(WAYS)('%i bytes, known %s, that are refused leave nothing', async (size, known) => {
    const key = ownKey()
    const refused = new RegistryError('DIGEST_INVALID')
    const write = writeObject(store, key, sourceOf(bytesOf(size), known ? size : null), 'sha256', () => {
      throw refused
    })
    expect(await rejection(write)).toBe(refused)
    expect(await store.head(key)).toBeNull()
  })

  test.each([
    [999, 1000],
    [1001, 1000],
    [PUT_BYTES - 1, PUT_BYTES],
    [PUT_BYTES + 1, PUT_BYTES],
    [PART_BYTES, 2 * PART_BYTES],
    [2 * PART_BYTES + 1, 2 * PART_BYTES],
  ])('%i bytes for %i leave nothing', async (sent, announced) => {
    const key = ownKey()
    const error = await rejection(writeObject(store, key, sourceOf(bytesOf(sent), announced), 'sha256', ignore))
    expect(error).toMatchObject({ code: 'SIZE_INVALID', status: 400 })
    expect(await store.head(key)).toBeNull()
  })

  test.each([
    [0, 1000],
    [999, 1000],
    [PART_BYTES, PUT_BYTES],
    [PUT_BYTES - 1, PUT_BYTES],
    [PART_BYTES + 1, 2 * PART_BYTES],
    [PART_BYTES + 1, null],
  ])('a body that breaks after %i bytes of %j leaves nothing', async (sent, announced) => {
    const [key, breaks] = [ownKey(), new Error('the client has gone')]
    const source = sourceOf(bytesOf(sent), announced, breaks)
    const error = await rejection(writeObject(store, key, source, 'sha256', ignore))
    expect(error.code).toBe('BLOB_UPLOAD_INVALID')
    expect(String(error.cause)).toContain('the client has gone')
    expect(await store.head(key)).toBeNull()
  })
})

function ownKey(): string {
  return `uploads/${crypto.randomUUID()}/0`
}

function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at++) bytes[at] = (at * 7 + (at >> 8) * 13) & 0xff
  return bytes
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A body as the runtime gives it to the Worker. */
function sourceOf(bytes: Uint8Array, size: number | null, breaks?: Error): ObjectSource {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  async function send(): Promise<void> {
    for (let at = 0; at < bytes.length; at += 60_000) await writer.write(bytes.subarray(at, at + 60_000))
    await (breaks === undefined ? writer.close() : writer.abort(breaks))
  }
  send().catch(() => undefined) // nobody reads on: the reader's answer is what counts
  return { streams: [readable], size, fault: (cause) => new RegistryError('BLOB_UPLOAD_INVALID', { cause }) }
}

function ignore(): void {
  // Every digest is right.
}
