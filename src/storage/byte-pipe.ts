/**
 * A pipe for exactly `size` bytes. Storage wants a request's length before its first byte, and workerd sends one
 * only for a `FixedLengthStream`. Elsewhere chunks are copied, since their writer uses the memory again as soon as
 * a write has resolved.
 */
export function createBytePipe(size: number): {
  readable: ReadableStream<Uint8Array>
  writable: WritableStream<Uint8Array>
} {
  if (typeof FixedLengthStream === 'function') return new FixedLengthStream(size)
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk.slice())
    },
  })
}
