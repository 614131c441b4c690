import { within } from './within.ts'

/** Streams read one after the other, into memory that the reader gives. */
export interface ByteSource {
  /**
   * Reads up to `length` bytes to `offset` of `buffer`, and at least `min` unless all streams have ended before.
   * The memory comes back as another `ArrayBuffer`; the one that was given can be used no more.
   */
  fill(buffer: ArrayBuffer, offset: number, length: number, min: number): Promise<{ buffer: ArrayBuffer; read: number }>
  /** Tells the streams that nobody reads on. */
  cancel(): Promise<void>
}

export type ByteStreams = AsyncIterable<ReadableStream<Uint8Array>> | readonly ReadableStream<Uint8Array>[]

/** Makes the error to throw of what a broken stream throws, told which of the streams it was: 0 is the first. */
export type Fault = (cause: unknown, index: number) => Error

/** How long each read of that stream may take, in milliseconds; `null` for as long as it takes: a client's own pace. */
export type Patience = (index: number) => number | null

export const ENDLESS_PATIENCE: Patience = () => null

export function openBytes(streams: ByteStreams, fault: Fault, patience: Patience = ENDLESS_PATIENCE): ByteSource {
  const queue = iterate(streams)
  let current: StreamReader | null = null
  let index = -1
  return {
    async fill(buffer, offset, length, min) {
      let read = 0
      while (read < min) {
        if (current === null) {
          const next = await queue.next()
          if (next.done === true) break
          current = readerOf(next.value)
          index++
        }
        const filling = current.fill(buffer, offset + read, length - read, min - read)
        const limit = patience(index)
        const step = await (limit === null ? filling : within(limit, filling)).catch((cause: unknown) => {
          throw fault(cause, index)
        })
        buffer = step.buffer
        read += step.read
        if (step.done) current = null
      }
      return { buffer, read }
    },
    async cancel() {
      await current?.cancel().catch(() => undefined)
    },
  }
}

async function* iterate(streams: ByteStreams): AsyncGenerator<ReadableStream<Uint8Array>> {
  yield* streams
}

interface StreamReader {
  fill(
    buffer: ArrayBuffer,
    offset: number,
    length: number,
    min: number,
  ): Promise<{ buffer: ArrayBuffer; read: number; done: boolean }>
  cancel(): Promise<void>
}

function readerOf(stream: ReadableStream<Uint8Array>): StreamReader {
  // Node's byte streams sometimes throw when they are read at their end, so there pieces are taken as they come.
  if (typeof FixedLengthStream === 'function')
    return filling(stream.getReader({ mode: 'byob' }) as unknown as FillingReader)
  return copying(stream.getReader())
}

/** `min` is in the standard and in both runtimes, but not in the types of workerd. */
interface FillingReader {
  read(view: Uint8Array, options: { min: number }): Promise<{ value?: Uint8Array; done: boolean }>
  cancel(): Promise<void>
}

/**
 * In workerd every body is a byte stream: the runtime fills the memory without waking the function for each piece
 * that the network delivers, which costs a fraction.
 */
function filling(reader: FillingReader): StreamReader {
  return {
    async fill(buffer, offset, length, min) {
      const { value, done } = await reader.read(new Uint8Array(buffer, offset, length), { min })
      if (value === undefined) throw new Error('Cannot read on: the stream was cancelled')
      return { buffer: value.buffer as ArrayBuffer, read: value.byteLength, done }
    },
    cancel: () => reader.cancel(),
  }
}

function copying(reader: ReadableStreamDefaultReader<Uint8Array>): StreamReader {
  let rest: Uint8Array = new Uint8Array(0)
  return {
    async fill(buffer, offset, length) {
      if (rest.length === 0) {
        const { value, done } = await reader.read()
        if (done) return { buffer, read: 0, done }
        rest = value
      }
      const taken = rest.subarray(0, length)
      new Uint8Array(buffer).set(taken, offset)
      rest = rest.subarray(taken.length)
      return { buffer, read: taken.length, done: false }
    },
    cancel: () => reader.cancel(),
  }
}
