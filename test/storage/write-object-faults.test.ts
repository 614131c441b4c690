import { describe, expect, test, vi } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import { writeObject } from '../../src/storage/write-object.ts'
import { rejection } from '../oci/support/refusal.ts'
import { bodyOf, bytesOf, settled, sourceOf, type StreamKind } from './support/streams.ts'
import { expectNothingLeft, watchedStore, type Step } from './support/stores.ts'

const KEY = 'blobs/sha256/0a'
const KINDS: StreamKind[] = ['byte', 'plain']
const LIMITS = { partBytes: 10, putBytes: 30 }

/** As write-object.ts has it: what one hop of a streamed body carries. */
const CHUNK_BYTES = 256 * 1024

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
        expectNothingLeft(calls, KEY)
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
      expectNothingLeft(calls, KEY)
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
      expectNothingLeft(calls, KEY)
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

function ignore(): void {
  // Every digest is right.
}
