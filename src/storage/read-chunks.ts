/**
 * Reads streams one after the other in chunks of exactly `chunkBytes`, the last one shorter; nothing for no bytes.
 * What a broken stream throws goes through `fault`. A chunk's memory is used again for the chunk after the next: whoever keeps one longer must copy it.
 *
 * With a byte stream (every body, in workerd) the runtime fills the whole chunk at once, which costs a fraction of
 * reading the pieces that the network delivers.
 */
export async function* readChunks(
  streams: AsyncIterable<ReadableStream<Uint8Array>> | readonly ReadableStream<Uint8Array>[],
  chunkBytes: number,
  fault: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const free: ArrayBuffer[] = []
  let buffer = new ArrayBuffer(chunkBytes)
  let filled = 0
  for await (const stream of streams) {
    const source = byteSource(stream)
    let done = false
    try {
      while (!done) {
        const read = await source.fill(buffer, filled).catch((cause: unknown) => {
          throw fault(cause)
        })
        buffer = read.buffer
        filled = read.filled
        done = read.done
        if (filled === chunkBytes) {
          yield new Uint8Array(buffer)
          free.push(buffer)
          buffer = (free.length > 1 ? free.shift() : undefined) ?? new ArrayBuffer(chunkBytes)
          filled = 0
        }
      }
    } finally {
      // The consumer has stopped early, or the stream broke: nobody will read the rest.
      if (!done) await source.cancel().catch(() => undefined)
    }
  }
  if (filled > 0) yield new Uint8Array(buffer, 0, filled)
}

interface ByteSource {
  /** Reads on from `filled` until the buffer is full or the stream ends. The buffer may come back as another object. */
  fill(buffer: ArrayBuffer, filled: number): Promise<{ buffer: ArrayBuffer; filled: number; done: boolean }>
  cancel(): Promise<void>
}

function byteSource(stream: ReadableStream<Uint8Array>): ByteSource {
  try {
    return filling(stream.getReader({ mode: 'byob' }) as unknown as FillingReader)
  } catch {
    return copying(stream.getReader()) // not a byte stream
  }
}

/** `min` is in the standard and in both runtimes, but not in the types of workerd. */
interface FillingReader {
  read(view: Uint8Array, options: { min: number }): Promise<{ value?: Uint8Array; done: boolean }>
  cancel(): Promise<void>
}

function filling(reader: FillingReader): ByteSource {
  return {
    async fill(buffer, filled) {
      const room = buffer.byteLength - filled
      const { value, done } = await reader.read(new Uint8Array(buffer, filled, room), { min: room })
      if (value === undefined) throw new Error('Cannot read on: the stream was cancelled')
      return { buffer: value.buffer as ArrayBuffer, filled: filled + value.byteLength, done }
    },
    cancel: () => reader.cancel(),
  }
}

function copying(reader: ReadableStreamDefaultReader<Uint8Array>): ByteSource {
  let rest: Uint8Array = new Uint8Array(0)
  return {
    async fill(buffer, filled) {
      const target = new Uint8Array(buffer)
      while (filled < target.length) {
        if (rest.length === 0) {
          const { value, done } = await reader.read()
          if (done) return { buffer, filled, done }
          rest = value
        }
        const taken = rest.subarray(0, target.length - filled)
        target.set(taken, filled)
        filled += taken.length
        rest = rest.subarray(taken.length)
      }
      return { buffer, filled, done: false }
    },
    cancel: () => reader.cancel(),
  }
}
