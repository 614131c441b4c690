import { RegistryError } from '../../../src/oci/errors.ts'
import type { ObjectSource } from '../../../src/storage/write-object.ts'

/** How a body brings its bytes, and how it ends. */
export interface BodyOptions {
  /** The runtimes' own bodies are byte streams; a pipe's end in Node is not. */
  kind?: StreamKind
  /** Bytes of each piece that the network delivers. */
  piece?: number
  /** Instead of ending, the stream breaks with this. */
  breaks?: Error
}

export type StreamKind = 'byte' | 'plain'

export interface Body {
  readonly stream: ReadableStream<Uint8Array>
  /** Bytes that have left the source. */
  readonly pulled: () => number
  /** Whether the reader has said that it reads no further. */
  readonly cancelled: () => boolean
}

export function bodyOf(bytes: Uint8Array, { kind = 'byte', piece = 7, breaks }: BodyOptions = {}): Body {
  let at = 0
  let cancelled = false
  const next = () => {
    const part = bytes.slice(at, at + piece)
    at += part.length
    return part
  }
  const cancel = () => {
    cancelled = true
  }
  const stream =
    kind === 'byte'
      ? new ReadableStream({
          type: 'bytes',
          pull(controller) {
            if (at < bytes.length) controller.enqueue(next())
            else if (breaks !== undefined) controller.error(breaks)
            else {
              controller.close()
              controller.byobRequest?.respond(0)
            }
          },
          cancel,
        })
      : new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              if (at < bytes.length) controller.enqueue(next())
              else if (breaks !== undefined) controller.error(breaks)
              else controller.close()
            },
            cancel,
          },
          { highWaterMark: 0 },
        )
  return { stream, pulled: () => at, cancelled: () => cancelled }
}

/** Bytes whose order shows, also across the boundaries of what is a power of two. */
export function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at++) bytes[at] = (at * 7 + (at >> 8) * 13) & 0xff
  return bytes
}

/** Cheaper than `toEqual` for megabytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

/** Bodies that a client sends: their breaking is its doing. */
export function sourceOf(bodies: readonly Body[], size: number | null): ObjectSource {
  return {
    streams: bodies.map(({ stream }) => stream),
    size,
    fault: (cause) => new RegistryError('BLOB_UPLOAD_INVALID', { cause }),
  }
}

/** Lets everything run that could run by now. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
}
