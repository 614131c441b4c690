import { createHash } from 'node:crypto'

import { createBytePipe } from '../../../src/storage/byte-pipe.ts'
import type { ObjectStore, StoreLimits } from '../../../src/storage/object-store.ts'

export interface ObjectStoreContract {
  /** Opens the bucket under test, which may hold other objects; with other limits for what is large only by them. */
  open: (limits?: Partial<StoreLimits>) => Promise<ObjectStore>
  /** Whether a presigned URL can be fetched: memory's cannot. */
  reachable: boolean
}

/** A prefix that no other test uses: the bucket is shared. */
export function ownFolder(): string {
  return `contract/${crypto.randomUUID()}/`
}

/** Bytes whose order shows. */
export function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at++) bytes[at] = (at * 7 + (at >> 8)) & 0xff
  return bytes
}

/** A body that announces `size` bytes, brings these, and then ends or breaks. */
export function send(
  bytes: Uint8Array,
  size: number,
  end: 'close' | 'abort',
): { readable: ReadableStream<Uint8Array>; done: Promise<void> } {
  const { readable, writable } = createBytePipe(size)
  const writer = writable.getWriter()
  async function write(): Promise<void> {
    for (let at = 0; at < bytes.length; at += 16_384) await writer.write(bytes.subarray(at, at + 16_384))
    await (end === 'close' ? writer.close() : writer.abort(new Error('the client has gone')))
  }
  // It fails when the store does not read on, or the length does not fit: the store's answer is what counts.
  return { readable, done: write().catch(() => undefined) }
}

export async function drain(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  if (stream === null) throw new Error('there is no object')
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
