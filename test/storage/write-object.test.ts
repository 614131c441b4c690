import { createHash } from 'node:crypto'

import { describe, expect, test, vi } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import { hashSource, writeObject, type ObjectSource, type Written } from '../../src/storage/write-object.ts'
import { rejection } from '../oci/support/refusal.ts'
import { bodyOf, bytesOf, sameBytes, type Body, type StreamKind } from './support/streams.ts'
import { watchedStore, type Step } from './support/stores.ts'

const KEY = 'blobs/sha256/0a'
const KINDS: StreamKind[] = ['byte', 'plain']
const LIMITS = { partBytes: 10, putBytes: 30 }

/** As write-object.ts has it: what one hop of a streamed body carries. */
const CHUNK_BYTES = 256 * 1024

/** What the way through the store is, by the number of bytes and whether it is known. */
const WAYS: [size: number, known: boolean, calls: string[]][] = [
  [0, true, ['put']],
  [1, true, ['put']],
  [9, true, ['put']],
  [10, true, ['put']],
  [11, true, ['putStream']],
  [29, true, ['putStream']],
  [30, true, ['putStream']],
  [31, true, multipart(4)],
  [40, true, multipart(4)],
  [41, true, multipart(5)],
  [0, false, ['put']],
  [1, false, ['put']],
  [10, false, ['put']],
  [11, false, multipart(2)],
  [20, false, multipart(2)],
  [21, false, multipart(3)],
  [100, false, multipart(10)],
]

describe('bytes that are right', () => {
  test.each(WAYS)('%i, known %s: %j', async (size, known, want) => {
    for (const kind of KINDS)
      for (const piece of [1, 10, 64]) {
        const { store, objects, calls } = watchedStore({ limits: LIMITS })
        const accept = vi.fn()
        const source = sourceOf([bodyOf(bytesOf(size), { kind, piece })], known ? size : null)
        const written = await writeObject(store, KEY, source, 'sha256', accept)
        expect(written).toEqual(writtenOf(bytesOf(size)))
        expect(accept).toHaveBeenCalledExactlyOnceWith(written)
        expect(objects.get(KEY)?.bytes).toEqual(bytesOf(size))
        expect(calls).toEqual(want.map((step) => `${step} ${KEY}`))
      }
  })

  test.each([
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    2 * CHUNK_BYTES + 1,
    5 * CHUNK_BYTES + 77,
  ])('a stream of %i, by several hops', async (size) => {
    for (const kind of KINDS) {
      const { store, objects, calls } = watchedStore({ limits: { partBytes: 10, putBytes: 2 ** 21 } })
      const source = sourceOf([bodyOf(bytesOf(size), { kind, piece: 100_003 })], size)
      const written = await writeObject(store, KEY, source, 'sha256', ignore)
      expect(written).toEqual(writtenOf(bytesOf(size)))
      expect(sameBytes(objects.get(KEY)?.bytes ?? new Uint8Array(0), bytesOf(size))).toBe(true)
      expect(calls).toEqual([`putStream ${KEY}`])
    }
  })

  test.each([
    [[0, 0], 0],
    [[4, 6], 10],
    [[4, 6], null],
    [[10, 10, 1], 21],
    [[10, 10, 1], null],
    [[20, 20], 40],
    [[0, 33, 0, 12], 45],
  ])('of the streams %j, known as %j', async (sizes, size) => {
    const total = sizes.reduce((sum, one) => sum + one, 0)
    const { store, objects } = watchedStore({ limits: LIMITS })
    let at = 0
    const bodies = sizes.map((one) => bodyOf(bytesOf(total).slice(at, (at += one))))
    await writeObject(store, KEY, sourceOf(bodies, size), 'sha256', ignore)
    expect(objects.get(KEY)?.bytes).toEqual(bytesOf(total))
  })

  test.each(WAYS)('%i, known %s, have the sha512 that was asked for', async (size, known) => {
    const { store } = watchedStore({ limits: LIMITS })
    const source = sourceOf([bodyOf(bytesOf(size))], known ? size : null)
    const { hex } = await writeObject(store, KEY, source, 'sha512', ignore)
    expect(hex).toBe(createHash('sha512').update(bytesOf(size)).digest('hex'))
  })

  test('every part but the last is as large as the store wants it', async () => {
    const sizes: number[] = []
    const { store } = watchedStore({ limits: LIMITS })
    const startMultipart = async (key: string) => {
      const upload = await store.startMultipart(key)
      return { ...upload, putPart: (bytes: Uint8Array) => (sizes.push(bytes.length), upload.putPart(bytes)) }
    }
    await writeObject({ ...store, startMultipart }, KEY, sourceOf([bodyOf(bytesOf(95))], null), 'sha256', ignore)
    expect(sizes).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5])
  })

  test('a part is read on while the one before is sent, and stays as it is meanwhile', async () => {
    const sent: Uint8Array[] = []
    const { store } = watchedStore({ limits: LIMITS })
    const body = bodyOf(bytesOf(45), { piece: 10 })
    const startMultipart = async (key: string) => {
      const upload = await store.startMultipart(key)
      return {
        ...upload,
        async putPart(bytes: Uint8Array) {
          const until = Math.min(10 * (sent.length + 2), 45)
          await vi.waitFor(() => {
            expect(body.pulled()).toBeGreaterThanOrEqual(until)
          })
          await settled()
          sent.push(bytes.slice())
          await upload.putPart(bytes)
        },
      }
    }
    await writeObject({ ...store, startMultipart }, KEY, sourceOf([body], null), 'sha256', ignore)
    expect(sent.map((part) => [...part])).toEqual([0, 10, 20, 30, 40].map((at) => [...bytesOf(45).slice(at, at + 10)]))
  })
})

describe('bytes that are refused', () => {
  test.each([...WAYS, [3 * CHUNK_BYTES, true, []] as [number, boolean, string[]]])(
    '%i, known %s: nothing is stored, and what was there stays',
    async (size, known) => {
      for (const before of [null, bytesOf(3)]) {
        const limits = size > 1000 ? { partBytes: 10, putBytes: size } : LIMITS
        const { store, objects, calls, received } = watchedStore({ limits })
        if (before !== null) await store.put(KEY, before)
        const refused = new RegistryError('DIGEST_INVALID')
        const source = sourceOf([bodyOf(bytesOf(size), { piece: 50_000 })], known ? size : null)
        const accept = ({ size: whole }: Written) => {
          // All is known by now, and yet the store does not have it: the very point of holding bytes back.
          expect(whole).toBe(size)
          expect(objects.get(KEY)?.bytes).toEqual(before ?? undefined)
          if (size > 0) expect(received()).toBeLessThan(size)
          throw refused
        }
        expect(await rejection(writeObject(store, KEY, source, 'sha256', accept))).toBe(refused)
        await settled()
        expect(objects.get(KEY)?.bytes).toEqual(before ?? undefined)
        expectNothingLeft(calls)
      }
    },
  )
})

describe('a body that has not the length it announced', () => {
  test.each([
    [0, 1],
    [5, 10],
    [9, 10],
    [10, 11],
    [0, 11],
    [29, 30],
    [30, 31],
    [0, 31],
    [10, 31],
    [39, 40],
    [10, 100],
    [1, 0],
    [2, 1],
    [11, 10],
    [12, 11],
    [100, 11],
    [31, 30],
    [32, 31],
    [40, 31],
    [41, 40],
    [100, 40],
  ])('%i bytes for %i', async (sent, announced) => {
    for (const kind of KINDS)
      for (const piece of [1, 10, 64]) {
        const { store, objects, calls } = watchedStore({ limits: LIMITS })
        const accept = vi.fn()
        const source = sourceOf([bodyOf(bytesOf(sent), { kind, piece })], announced)
        const error = await rejection(writeObject(store, KEY, source, 'sha256', accept))
        expect(error).toMatchObject({ code: 'SIZE_INVALID', status: 400 })
        expect(error.details).toEqual([expect.objectContaining({ expected: announced })])
        await settled()
        expect(accept).not.toHaveBeenCalled()
        expect(objects.has(KEY)).toBe(false)
        expectNothingLeft(calls)
      }
  })

  test('a body far longer than announced is not read to its end', async () => {
    for (const announced of [5, 20, 50]) {
      const body = bodyOf(bytesOf(10 * CHUNK_BYTES), { piece: 1000 })
      const { store } = watchedStore({ limits: LIMITS })
      const error = await rejection(writeObject(store, KEY, sourceOf([body], announced), 'sha256', ignore))
      expect(error.code).toBe('SIZE_INVALID')
      expect(body.pulled()).toBeLessThan(3 * CHUNK_BYTES)
      expect(body.cancelled()).toBe(true)
    }
  })

  test('a body of unknown length that needs more parts than there can be', async () => {
    const { store, objects, calls } = watchedStore({ limits: { ...LIMITS, parts: 3 } })
    await writeObject(store, KEY, sourceOf([bodyOf(bytesOf(30))], null), 'sha256', ignore)
    expect(objects.get(KEY)?.size).toBe(30)

    for (const size of [31, 1000]) {
      objects.clear()
      calls.length = 0
      const body = bodyOf(bytesOf(size))
      const error = await rejection(writeObject(store, KEY, sourceOf([body], null), 'sha256', ignore))
      expect(error.code).toBe('SIZE_INVALID')
      expect(objects.has(KEY)).toBe(false)
      expect(body.cancelled()).toBe(size > 31)
      expectNothingLeft(calls)
    }
  })
})

describe('a body that breaks', () => {
  test.each([
    [0, 0],
    [0, 1],
    [5, 10],
    [10, 10], // after its last byte, before its end
    [5, 20],
    [20, 20],
    [5, 40],
    [10, 40],
    [25, 40],
    [40, 40],
    [0, null],
    [5, null],
    [10, null],
    [25, null],
    [30, null],
  ])('after %i bytes of %j', async (sent, announced) => {
    for (const kind of KINDS) {
      const { store, objects, calls } = watchedStore({ limits: LIMITS })
      const breaks = new Error('the client has gone')
      const source = sourceOf([bodyOf(bytesOf(sent), { kind, piece: 5, breaks })], announced)
      const accept = vi.fn()
      const error = await rejection(writeObject(store, KEY, source, 'sha256', accept))
      expect(error).toMatchObject({ code: 'BLOB_UPLOAD_INVALID', cause: breaks })
      await settled()
      expect(objects.has(KEY)).toBe(false)
      expectNothingLeft(calls)
    }
  })

  test('midway through a stream of several hops', async () => {
    for (const sent of [CHUNK_BYTES, 2 * CHUNK_BYTES + 1]) {
      const { store, objects, received } = watchedStore({ limits: { partBytes: 10, putBytes: 2 ** 21 } })
      const source = sourceOf([bodyOf(bytesOf(sent), { piece: 9000, breaks: new Error('gone') })], 2 ** 20)
      const error = await rejection(writeObject(store, KEY, source, 'sha256', ignore))
      expect(error.code).toBe('BLOB_UPLOAD_INVALID')
      await settled()
      expect(received()).toBeLessThan(sent)
      expect(objects.has(KEY)).toBe(false)
    }
  })

  test('while a part is sent: the upload is given up only after that', async () => {
    const order: string[] = []
    const { store } = watchedStore({ limits: LIMITS })
    const startMultipart = async (key: string) => {
      const upload = await store.startMultipart(key)
      return {
        ...upload,
        async putPart() {
          await settled()
          order.push('part sent')
        },
        abort: () => (order.push('given up'), upload.abort()),
      }
    }
    const source = sourceOf([bodyOf(bytesOf(15), { breaks: new Error('gone') })], null)
    await rejection(writeObject({ ...store, startMultipart }, KEY, source, 'sha256', ignore))
    expect(order).toEqual(['part sent', 'given up'])
  })
})

describe('a storage that fails', () => {
  const failure = new RegistryError('UNAVAILABLE', { cause: new Error('no route') })

  test.each([
    ['put', 1, 0, true],
    ['put', 1, 10, true],
    ['put', 1, 10, false],
    ['putStream', 1, 11, true],
    ['putStream', 1, 30, true],
    ['startMultipart', 1, 31, true],
    ['startMultipart', 1, 11, false],
    ['putPart', 1, 31, true],
    ['putPart', 2, 31, true],
    ['putPart', 4, 31, true],
    ['putPart', 1, 100, false],
    ['putPart', 5, 100, false],
    ['putPart', 10, 100, false],
    ['complete', 1, 31, true],
    ['complete', 1, 100, false],
  ] satisfies [Step, number, number, boolean][])(
    'at %s number %i, of %i bytes, known %s',
    async (failing, number, size, known) => {
      for (const kind of KINDS) {
        const { store, objects, calls } = watchedStore({
          limits: LIMITS,
          before(step, count) {
            if (step === failing && count === number) throw failure
          },
        })
        const source = sourceOf([bodyOf(bytesOf(size), { kind })], known ? size : null)
        expect(await rejection(writeObject(store, KEY, source, 'sha256', ignore))).toBe(failure)
        await settled()
        expect(objects.has(KEY)).toBe(false)
        expect(calls.filter((call) => call === `abort ${KEY}`)).toHaveLength(
          calls.includes(`startMultipart ${KEY}`) && failing !== 'startMultipart' ? 1 : 0,
        )
      }
    },
  )

  test.each([
    ['at once', 0],
    ['after a hop', CHUNK_BYTES],
    ['after some', 3 * CHUNK_BYTES],
    ['at the last', 5 * CHUNK_BYTES - 1],
  ])('while it takes a stream: %s', async (_, at) => {
    const size = 5 * CHUNK_BYTES
    for (const kind of KINDS) {
      const { store, objects } = watchedStore({
        limits: { partBytes: 10, putBytes: size },
        during(received) {
          if (received > at) throw failure
        },
      })
      const body = bodyOf(bytesOf(size), { kind, piece: 10_000 })
      expect(await rejection(writeObject(store, KEY, sourceOf([body], size), 'sha256', ignore))).toBe(failure)
      await settled()
      expect(objects.has(KEY)).toBe(false)
      if (at < 3 * CHUNK_BYTES) expect(body.cancelled()).toBe(true)
    }
  })

  test.each([
    ['a part', 1, 100],
    ['the beginning of an upload', 0, 100],
    ['a stream', 0, 30],
  ])('at %s: the body is read no further', async (_, parts, size) => {
    const { store } = watchedStore({
      limits: LIMITS,
      before(step, count) {
        if (step === 'putStream' || step === 'startMultipart' || step === 'putPart') if (count >= parts) throw failure
      },
    })
    const more = new Uint8Array(10 * CHUNK_BYTES)
    const body = bodyOf(size === 30 ? bytesOf(30) : more, { piece: 5 })
    expect(await rejection(writeObject(store, KEY, sourceOf([body], size === 30 ? 30 : null), 'sha256', ignore))).toBe(
      failure,
    )
    if (size !== 30) expect(body.cancelled()).toBe(true)
    expect(body.pulled()).toBeLessThanOrEqual(50)
  })

  test('also when the stream is answered before it has been read', async () => {
    const { store, objects } = watchedStore({ limits: LIMITS })
    const putStream = () => Promise.reject(failure)
    const source = sourceOf([bodyOf(bytesOf(30))], 30)
    expect(await rejection(writeObject({ ...store, putStream }, KEY, source, 'sha256', ignore))).toBe(failure)
    expect(objects.has(KEY)).toBe(false)
  })

  test('is heard, though all that one sees first is that it reads no further', async () => {
    for (const read of [1, 2]) {
      const { store } = watchedStore({ limits: { partBytes: 10, putBytes: 5 * CHUNK_BYTES } })
      const source = sourceOf([bodyOf(bytesOf(5 * CHUNK_BYTES), { piece: 10_000 })], 5 * CHUNK_BYTES)
      const putStream = async (_: string, body: ReadableStream<Uint8Array>) => {
        const reader = body.getReader()
        for (let count = 0; count < read; count++) await reader.read()
        await reader.cancel(new Error('connection lost'))
        await settled()
        throw failure
      }
      expect(await rejection(writeObject({ ...store, putStream }, KEY, source, 'sha256', ignore))).toBe(failure)
    }
  })

  test('that says it has stored a stream of which it has not read all is not believed', async () => {
    const { store } = watchedStore({ limits: { partBytes: 10, putBytes: 5 * CHUNK_BYTES } })
    const source = sourceOf([bodyOf(bytesOf(5 * CHUNK_BYTES), { piece: 10_000 })], 5 * CHUNK_BYTES)
    const accept = vi.fn()
    const putStream = async (_: string, body: ReadableStream<Uint8Array>) => {
      await body.getReader().read()
    }
    const error = await rejection(writeObject({ ...store, putStream }, KEY, source, 'sha256', accept))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
    expect(accept).not.toHaveBeenCalled()
  })

  test.each([
    ['reads nothing', false],
    ['reads all, and never says that it has stored it', true],
  ])('a storage that %s is given up', async (_, reads) => {
    const { store } = watchedStore({ limits: { ...LIMITS, stallMs: 30, commitMs: 30 } })
    const given = Promise.withResolvers<ReadableStream<Uint8Array>>()
    async function putStream(_: string, body: ReadableStream<Uint8Array>): Promise<void> {
      given.resolve(body)
      if (reads) await new Response(body).arrayBuffer()
      await new Promise(() => undefined)
    }
    const source = sourceOf([bodyOf(bytesOf(30))], 30)
    const error = await rejection(writeObject({ ...store, putStream }, KEY, source, 'sha256', ignore))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
    // What it might still read does not end as a whole body does.
    if (!reads) await expect(new Response(await given.promise).arrayBuffer()).rejects.toBe(error)
  })
})

describe('hashSource', () => {
  test.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])('%i bytes are read and stored nowhere', async (size) => {
    for (const kind of KINDS) {
      const bodies = () => [bodyOf(bytesOf(size), { kind, piece: 50_000 })]
      expect(await hashSource(sourceOf(bodies(), size), 'sha256')).toEqual(writtenOf(bytesOf(size)))
      expect(await hashSource(sourceOf(bodies(), null), 'sha512')).toEqual({
        size,
        hex: createHash('sha512').update(bytesOf(size)).digest('hex'),
      })
    }
  })

  test.each([
    [0, 1],
    [1, 0],
    [20, 21],
    [21, 20],
  ])('%i bytes for %i', async (sent, announced) => {
    const error = await rejection(hashSource(sourceOf([bodyOf(bytesOf(sent))], announced), 'sha256'))
    expect(error).toMatchObject({ code: 'SIZE_INVALID', details: [{ expected: announced, received: sent }] })
  })

  test('a body that breaks is its fault', async () => {
    const breaks = new Error('gone')
    const error = await rejection(hashSource(sourceOf([bodyOf(bytesOf(5), { breaks })], 10), 'sha256'))
    expect(error).toMatchObject({ code: 'BLOB_UPLOAD_INVALID', cause: breaks })
  })
})

function multipart(parts: number): string[] {
  return ['startMultipart', ...Array<string>(parts).fill('putPart'), 'complete']
}

function sourceOf(bodies: readonly Body[], size: number | null): ObjectSource {
  return {
    streams: bodies.map(({ stream }) => stream),
    size,
    fault: (cause) => new RegistryError('BLOB_UPLOAD_INVALID', { cause }),
  }
}

function writtenOf(bytes: Uint8Array): Written {
  return { size: bytes.length, hex: createHash('sha256').update(bytes).digest('hex') }
}

/** Of a multipart upload that was begun, nothing may stay behind, and nothing may be completed. */
function expectNothingLeft(calls: readonly string[]): void {
  const begun = calls.filter((call) => call === `startMultipart ${KEY}`).length
  expect(calls.filter((call) => call === `abort ${KEY}`)).toHaveLength(begun)
  expect(calls).not.toContain(`complete ${KEY}`)
}

/** Lets everything run that could run by now. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
}

function ignore(): void {
  // Every digest is right.
}
