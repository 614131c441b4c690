import { ENDLESS_PATIENCE, openBytes, type ByteStreams, type Fault, type Patience } from './byte-source.ts'

/**
 * The streams' bytes in chunks of exactly `chunkBytes`, the last one shorter; nothing for no bytes. A chunk's memory
 * is used again for the chunk after the next: whoever keeps one longer must copy it.
 */
export async function* readChunks(
  streams: ByteStreams,
  chunkBytes: number,
  fault: Fault,
  patience: Patience = ENDLESS_PATIENCE,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = openBytes(streams, fault, patience)
  let buffer = new ArrayBuffer(chunkBytes)
  let other: ArrayBuffer | null = null // last yielded; the consumer may still hold it
  let ended = false
  try {
    while (!ended) {
      const { buffer: filled, read } = await source.fill(buffer, 0, chunkBytes, chunkBytes)
      ended = read < chunkBytes
      if (read > 0) yield new Uint8Array(filled, 0, read)
      buffer = other ?? new ArrayBuffer(chunkBytes)
      other = filled
    }
  } finally {
    if (!ended) await source.cancel()
  }
}

export interface Part {
  readonly bytes: Uint8Array
  /** Nothing follows. */
  readonly last: boolean
  /** Set this to keep the bytes' memory from being used again before it resolves. */
  free: Promise<void>
}

/** How much is read on while a part is on its way. Two whole parts would double what an upload holds in memory. */
const READ_AHEAD_BYTES = 1024 * 1024

/**
 * The streams' bytes in parts of exactly `partBytes`, the last one shorter; nothing for no bytes. Ask for the next
 * part while one is being sent: reading goes on meanwhile.
 */
export async function* readParts(
  streams: ByteStreams,
  partBytes: number,
  fault: Fault,
  patience: Patience = ENDLESS_PATIENCE,
): AsyncGenerator<Part, void, undefined> {
  const source = openBytes(streams, fault, patience)
  const aheadBytes = Math.min(READ_AHEAD_BYTES, partBytes)
  let part = new ArrayBuffer(partBytes)
  let filled = 0
  let ahead = new ArrayBuffer(aheadBytes)
  let ended = false
  try {
    while (true) {
      const body = await source.fill(part, filled, partBytes - filled, partBytes - filled)
      part = body.buffer
      filled += body.read
      const first = await source.fill(ahead, 0, aheadBytes, filled < partBytes ? 0 : 1)
      ended = first.read === 0
      if (filled === 0) return
      const current: Part = { bytes: new Uint8Array(part, 0, filled), last: ended, free: Promise.resolve() }
      yield current
      if (ended) return
      const more = await source.fill(first.buffer, first.read, aheadBytes - first.read, aheadBytes - first.read)
      ahead = more.buffer
      filled = first.read + more.read
      await current.free
      new Uint8Array(part).set(new Uint8Array(ahead, 0, filled))
    }
  } finally {
    if (!ended) await source.cancel()
  }
}
