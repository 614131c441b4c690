import { describe, expect, test, vi } from 'vitest'

import type { ByteStreams } from '../../src/storage/byte-source.ts'
import { readChunks, readParts, type Part } from '../../src/storage/read-chunks.ts'
import { bodyOf, bytesOf, concat, sameBytes, settled, type StreamKind } from './support/streams.ts'

const KINDS: StreamKind[] = ['byte', 'plain']
const PIECES = [1, 7, 10, 64]

/** Reading on while a part is sent holds this much, as read-chunks.ts has it. */
const AHEAD_BYTES = 2 ** 20
const LARGE_PART_BYTES = AHEAD_BYTES + 2 ** 19

const fault = (cause: unknown) => new Error('fault', { cause })

/** Both readers as one: the pieces' bytes, copied at once. */
const READERS = {
  readChunks: async function* (streams: ByteStreams, bytes: number) {
    for await (const chunk of readChunks(streams, bytes, fault)) yield chunk.slice()
  },
  readParts: async function* (streams: ByteStreams, bytes: number) {
    for await (const part of readParts(streams, bytes, fault)) yield part.bytes.slice()
  },
}

describe.each(Object.entries(READERS))('%s', (_, read) => {
  test.each(KINDS)('cuts a %s stream into equal pieces, whatever the network delivers', async (kind) => {
    for (const size of [0, 1, 9, 10, 11, 19, 20, 21, 30, 99, 100, 101])
      for (const piece of PIECES) {
        const bytes = bytesOf(size)
        const pieces = await collect(read([bodyOf(bytes, { kind, piece }).stream], 10))
        expect(pieces.map(({ length }) => length)).toEqual(lengths(size, 10))
        expect(concat(pieces)).toEqual(bytes)
      }
  })

  test('pieces of one byte', async () => {
    const pieces = await collect(read([bodyOf(bytesOf(3)).stream], 1))
    expect(pieces).toEqual([...bytesOf(3)].map((byte) => new Uint8Array([byte])))
  })

  test.each(KINDS)('reads several %s streams as if they were one', async (kind) => {
    for (const sizes of [
      [],
      [0],
      [0, 0],
      [5, 5],
      [0, 7, 0, 14, 0],
      [10, 10],
      [10, 1],
      [1, 10],
      [3, 3, 3, 3, 30],
      [33],
    ]) {
      const bytes = bytesOf(sizes.reduce((total, size) => total + size, 0))
      let at = 0
      const streams = sizes.map((size) => bodyOf(bytes.slice(at, (at += size)), { kind, piece: 4 }).stream)
      const pieces = await collect(read(streams, 10))
      expect(pieces.map(({ length }) => length)).toEqual(lengths(bytes.length, 10))
      expect(concat(pieces)).toEqual(bytes)
    }
  })

  test('reads streams of both kinds, each opened when the one before has ended', async () => {
    const bytes = bytesOf(25)
    const first = bodyOf(bytes.slice(0, 12), { kind: 'plain' })
    const second = bodyOf(bytes.slice(12), { kind: 'byte' })
    let readBefore = 0
    async function* streams() {
      await Promise.resolve()
      yield first.stream
      readBefore = first.pulled()
      yield second.stream
    }
    expect(concat(await collect(read(streams(), 10)))).toEqual(bytes)
    expect(readBefore).toBe(12)
  })

  test.each(KINDS)('a piece of no bytes in a %s stream is not its end', async (kind) => {
    const stream =
      kind === 'plain'
        ? plainStream([new Uint8Array(0), bytesOf(3), new Uint8Array(0), bytesOf(2), new Uint8Array(0)])
        : bodyOf(new Uint8Array([...bytesOf(3), ...bytesOf(2)])).stream
    expect(concat(await collect(read([stream], 4)))).toEqual(new Uint8Array([...bytesOf(3), ...bytesOf(2)]))
  })

  test.each(KINDS)('a %s stream that breaks is reported as the fault that it is', async (kind) => {
    for (const size of [0, 1, 9, 10, 11, 20, 25]) {
      const breaks = new Error('the client has gone')
      const pieces: Uint8Array[] = []
      const { stream } = bodyOf(bytesOf(size), { kind, breaks })
      await expect(collect(read([stream], 10), pieces)).rejects.toMatchObject({ message: 'fault', cause: breaks })
      expect(sameBytes(concat(pieces), bytesOf(size).subarray(0, concat(pieces).length))).toBe(true)
    }
  })

  test('a second stream that breaks is reported as well', async () => {
    const breaks = new Error('storage has gone')
    const streams = [bodyOf(bytesOf(15)).stream, bodyOf(bytesOf(3), { breaks }).stream]
    await expect(collect(read(streams, 10))).rejects.toMatchObject({ message: 'fault', cause: breaks })
  })

  test('what fails between the streams is thrown as it is', async () => {
    const gone = new Error('there is no such chunk')
    async function* streams() {
      yield bodyOf(bytesOf(15)).stream
      await Promise.reject(gone)
    }
    await expect(collect(read(streams(), 10))).rejects.toBe(gone)
  })

  test.each(KINDS)('whoever stops early cancels the %s stream', async (kind) => {
    for (const wanted of [1, 2, 3]) {
      const body = bodyOf(bytesOf(100), { kind })
      for await (const piece of read([body.stream], 10)) {
        expect(piece.length).toBe(10)
        if (body.pulled() >= wanted * 10) break
      }
      expect(body.cancelled()).toBe(true)
      expect(body.pulled()).toBeLessThan(100)
    }
  })

  test.each(KINDS)('a %s stream that is read to its end is not cancelled', async (kind) => {
    for (const size of [0, 10, 15]) {
      const body = bodyOf(bytesOf(size), { kind })
      await collect(read([body.stream], 10))
      expect(body.cancelled()).toBe(false)
    }
  })

  test('a stream that was cancelled meanwhile is a fault, not an end', async () => {
    const pipe = new TransformStream<Uint8Array, Uint8Array>()
    const writer = pipe.writable.getWriter()
    const pieces = collect(read([pipe.readable], 10))
    writer.write(bytesOf(3)).catch(() => undefined)
    writer.abort(new Error('gone')).catch(() => undefined)
    await expect(pieces).rejects.toMatchObject({ message: 'fault', cause: { message: 'gone' } })
  })
})

describe('the memory of readChunks', () => {
  test.each(KINDS)('holds a chunk of a %s stream until the one after the next is asked for', async (kind) => {
    const bytes = bytesOf(55)
    const chunks = readChunks([bodyOf(bytes, { kind, piece: 3 }).stream], 10, fault)
    let previous = (await chunks.next()).value ?? new Uint8Array(0)
    for (let at = 10; at < bytes.length; at += 10) {
      const asked = chunks.next()
      expect(previous).toEqual(bytes.slice(at - 10, at))
      const chunk = (await asked).value ?? new Uint8Array(0)
      expect(previous).toEqual(bytes.slice(at - 10, at))
      expect(chunk).toEqual(bytes.slice(at, at + 10))
      previous = chunk
    }
    expect(await chunks.next()).toEqual({ value: undefined, done: true })
    expect(previous).toEqual(bytes.slice(50))
  })

  test('is that of two chunks, whatever the size', async () => {
    const buffers = new Set<ArrayBufferLike>()
    for await (const chunk of readChunks([bodyOf(bytesOf(1000), { kind: 'plain' }).stream], 10, fault))
      buffers.add(chunk.buffer)
    expect(buffers.size).toBe(2)
  })
})

describe('the parts of readParts', () => {
  // Sizes around the part, and around what is read ahead of the next one.
  const sizes = [0, 1, AHEAD_BYTES, LARGE_PART_BYTES, LARGE_PART_BYTES + AHEAD_BYTES, 2 * LARGE_PART_BYTES]
    .flatMap((size) => [size - 1, size, size + 1])
    .concat(3 * LARGE_PART_BYTES)
    .filter((size, index, all) => size >= 0 && all.indexOf(size) === index)

  test.each(sizes)('%i bytes in large parts', async (size) => {
    const bytes = bytesOf(size)
    for (const kind of KINDS) {
      const parts = await collectParts(
        readParts([bodyOf(bytes, { kind, piece: 100_003 }).stream], LARGE_PART_BYTES, fault),
      )
      expect(parts.map(({ copy }) => copy.length)).toEqual(lengths(size, LARGE_PART_BYTES))
      expect(sameBytes(concat(parts.map(({ copy }) => copy)), bytes)).toBe(true)
      expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1))
    }
  })

  test.each([1, 9, 10, 11, 20, 21, 30])('of %i bytes, the last says so, and no other', async (size) => {
    for (const kind of KINDS)
      for (const piece of PIECES) {
        const parts = await collectParts(readParts([bodyOf(bytesOf(size), { kind, piece }).stream], 10, fault))
        expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1))
      }
  })

  test.each(KINDS)('of a %s stream stay as they are until they are free, while reading goes on', async (kind) => {
    for (const partBytes of [10, LARGE_PART_BYTES]) {
      const bytes = bytesOf(4 * partBytes + 3)
      const body = bodyOf(bytes, { kind, piece: Math.ceil(partBytes / 3) })
      const parts = readParts([body.stream], partBytes, fault)
      let asked = parts.next()
      for (let at = 0; at < bytes.length; at += partBytes) {
        const part = (await asked).value ?? expect.fail('a part is missing')
        const free = Promise.withResolvers<undefined>()
        part.free = free.promise
        asked = parts.next()
        const ahead = Math.min(at + partBytes + Math.min(partBytes, AHEAD_BYTES), bytes.length)
        await vi.waitFor(() => {
          expect(body.pulled()).toBeGreaterThanOrEqual(ahead)
        })
        await settled()
        expect(sameBytes(part.bytes, bytes.subarray(at, at + partBytes))).toBe(true)
        free.resolve(undefined)
      }
      expect((await asked).done).toBe(true)
    }
  })

  test('are not given while the one before is not free', async () => {
    const parts = readParts([bodyOf(bytesOf(25)).stream], 10, fault)
    const first = (await parts.next()).value ?? expect.fail('a part is missing')
    const free = Promise.withResolvers<undefined>()
    first.free = free.promise
    let given = false
    const second = parts.next().then((result) => {
      given = true
      return result
    })
    await settled()
    expect(given).toBe(false)
    free.resolve(undefined)
    expect((await second).value?.bytes).toEqual(bytesOf(20).subarray(10))
  })

  test('end with what went wrong with the one before, and the stream is cancelled', async () => {
    const body = bodyOf(bytesOf(100))
    const parts = readParts([body.stream], 10, fault)
    const first = (await parts.next()).value ?? expect.fail('a part is missing')
    const failure = new Error('the part was not stored')
    first.free = Promise.reject(failure)
    await expect(parts.next()).rejects.toBe(failure)
    expect(body.cancelled()).toBe(true)
  })

  test('share the memory of one, whatever the size', async () => {
    const buffers = new Set<ArrayBufferLike>()
    for await (const part of readParts([bodyOf(bytesOf(1000), { kind: 'plain' }).stream], 10, fault))
      buffers.add(part.bytes.buffer)
    expect(buffers.size).toBe(1)
  })
})

function lengths(size: number, of: number): number[] {
  const full = Array<number>(Math.floor(size / of)).fill(of)
  return size % of === 0 ? full : [...full, size % of]
}

async function collect(pieces: AsyncIterable<Uint8Array>, into: Uint8Array[] = []): Promise<Uint8Array[]> {
  for await (const piece of pieces) into.push(piece)
  return into
}

async function collectParts(parts: AsyncIterable<Part>): Promise<{ copy: Uint8Array; last: boolean }[]> {
  const collected: { copy: Uint8Array; last: boolean }[] = []
  for await (const { bytes, last } of parts) collected.push({ copy: bytes.slice(), last })
  return collected
}

function plainStream(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const queue = [...pieces]
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = queue.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  })
}
