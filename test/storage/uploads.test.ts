import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { describe, expect, test } from 'vitest'

import type { ByteStreams } from '../../src/storage/byte-source.ts'
import { cancelledKey, chunkKey } from '../../src/storage/keys.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { endOf, Uploads, type Chunk } from '../../src/storage/uploads.ts'
import { rejection } from '../oci/support/refusal.ts'
import { bodyOf, bytesOf, sourceOf } from './support/streams.ts'
import { watchedStore } from './support/stores.ts'

const SESSION = '0e2c8a7e-5b0d-4a4b-9d6f-2f1f3c1f9a11'
const OTHER_SESSION = '0e2c8a7e-5b0d-4a4b-9d6f-2f1f3c1f9a12'

describe('the chunks of an upload', () => {
  test.each([
    ['none', '', ''],
    ['one', '0+5a', '0+5a'],
    ['in order', '0+5a 5+5b 10+1c', '0+5a 5+5b 10+1c'],
    ['that came in another order', '10+1c 5+5b 0+5a', '0+5a 5+5b 10+1c'],
    ['whose offsets have more and more digits', '0+9a 9+1b 10+90c 100+1d', '0+9a 9+1b 10+90c 100+1d'],
    ['without a beginning', '1+5a 6+5b', ''],
    ['with a gap', '0+5a 6+5b', '0+5a'],
    ['with a gap of one byte, and more after it', '0+5a 5+5b 11+5c 16+5d', '0+5a 5+5b'],
    ['that overlap', '0+5a 4+5b', '0+5a'],
    ['that overlap, and one that fits', '0+5a 4+5b 5+1c', '0+5a 5+1c'],
    ['of which one was sent twice', '0+5a 0+5b 5+5c', '0+5a 5+5c'],
    ['of which each was sent twice', '0+5b 0+5a 5+5d 5+5c', '0+5a 5+5c'],
    ['of which the last was sent twice', '0+5a 5+5b 5+5c', '0+5a 5+5b'],
    ['sent again as one', '0+5a 5+5b 0+10c', '0+10c'],
    ['sent again as one, and continued', '0+5a 0+10b 10+5c', '0+10b 10+5c'],
    ['sent again in smaller ones', '0+10a 0+4b 4+6c 10+1d', '0+10a 10+1d'],
    ['sent again and cut elsewhere', '0+5a 5+5b 0+7c 7+4d', '0+7c 7+4d'],
    ['of which the longer leads nowhere', '0+7a 0+5b 5+5c', '0+5b 5+5c'],
    ['of which the shorter leads nowhere', '0+5a 0+7b 7+5c 6+100d', '0+7b 7+5c'],
    ['whose longest run is not the one that begins with most', '0+1a 0+2b 1+9c 2+3d', '0+1a 1+9c'],
    ['of which one is empty', '0+5a 5+0b 5+5c', '0+5a 5+5c'],
    ['of which the first is empty', '0+0a 0+5b', '0+5b'],
    ['all of them empty', '0+0a 0+0b', ''],
    ['of one byte each', '0+1a 1+1a 2+1a 3+1a 4+1a 5+1a 6+1a 7+1a', '0+1a 1+1a 2+1a 3+1a 4+1a 5+1a 6+1a 7+1a'],
  ])('%s', async (_, stored, want) => {
    const { store } = watchedStore()
    await put(store, stored)
    const chunks = await new Uploads(store).chunks(SESSION)
    expect(chunks).toEqual(chunksOf(want))
    expect(endOf(chunks)).toBe(chunks.reduce((total, { size }) => total + size, 0))
  })

  test('of other uploads, and what is no chunk, are ignored', async () => {
    const { store, objects } = watchedStore()
    await put(store, '0+5a 5+5b')
    for (const key of [
      chunkKey(OTHER_SESSION, 10, 'x'),
      chunkKey(`${SESSION}0`, 10, 'x'),
      chunkKey(`${SESSION}-`, 0, 'x'),
      chunkKey(SESSION.slice(0, -1), 0, 'x'),
      `uploads/${SESSION}`,
      `uploads/${SESSION}/!`,
      `uploads/${SESSION}/10-x`,
      `uploads/${SESSION}/0000000000000010`,
      `uploads/${SESSION}/0000000000000010-x/y`,
      `uploads/${SESSION}/zzz`,
      `gc/${SESSION}/0000000000000010-x`,
    ])
      await store.put(key, bytesOf(5))
    const uploads = new Uploads(store)
    expect((await uploads.chunks(SESSION)).map(({ offset }) => offset)).toEqual([0, 5])
    await uploads.removeAll(SESSION)
    expect([...objects.keys()].filter((key) => /^uploads\/[^/]+\/\d{16}-[ab]$/.test(key))).toEqual([])
    expect(objects.size).toBe(11)
  })

  test.each([999, 1000, 1001, 2500])('%i of them are found, a thousand a listing', async (count) => {
    const { store, calls, objects } = watchedStore()
    await put(store, Array.from({ length: count }, (_, at) => `${2 * at}+2n${at % 7}`).join(' '))
    calls.length = 0
    const uploads = new Uploads(store)
    const chunks = await uploads.chunks(SESSION)
    expect(chunks.map(({ offset }) => offset)).toEqual(Array.from({ length: count }, (_, at) => 2 * at))
    expect(calls).toHaveLength(Math.ceil(count / 1000))
    await uploads.removeAll(SESSION)
    expect(objects.size).toBe(0)
  })

  test('as many as are ever found fit into the memory that the Worker has', async () => {
    const worker = new Worker(join(import.meta.dirname, 'support/many-chunks.ts'), {
      workerData: 10_000,
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    })
    expect(await once(worker, 'message')).toEqual([10_000]) // rejected when the worker has no memory left
  }, 30_000)

  test('more than are ever found are refused, and not taken for fewer', async () => {
    const { store } = watchedStore()
    await put(store, Array.from({ length: 10_001 }, (_, at) => `${at}+1n`).join(' '))
    const error = await rejection(new Uploads(store).chunks(SESSION))
    expect(error).toMatchObject({ code: 'SIZE_INVALID', status: 400 })
  }, 30_000)

  test('a page of what is no chunk does not end the search', async () => {
    const { store } = watchedStore()
    for (let count = 0; count < 1500; count++) await store.put(`uploads/${SESSION}/!${count}`, bytesOf(1))
    await put(store, '0+5a')
    expect(await new Uploads(store).chunks(SESSION)).toHaveLength(1)
  })
})

describe('removing an upload', () => {
  test('leaves those of others, and can be repeated', async () => {
    const { store, objects } = watchedStore()
    await put(store, '0+5a 7+5b')
    await store.put(chunkKey(OTHER_SESSION, 0, 'x'), bytesOf(1))
    const uploads = new Uploads(store)
    await uploads.removeAll(SESSION)
    await uploads.removeAll(SESSION) // nothing is left: no matter
    expect([...objects.keys()]).toEqual([chunkKey(OTHER_SESSION, 0, 'x')])
  })

  test('one chunk whose key is known leaves the others', async () => {
    const { store, objects } = watchedStore()
    await put(store, '0+5a 0+5b')
    await new Uploads(store).remove(chunkKey(SESSION, 0, 'a'))
    expect([...objects.keys()]).toEqual([chunkKey(SESSION, 0, 'b')])
  })
})

describe('bytes of one request', () => {
  test.each([
    [0, 0, 0],
    [0, 25, null],
    [5 * 2 ** 30, 25, 25],
  ])('at %i: %i of them, known as %j', async (offset, sent, size) => {
    const { store, objects } = watchedStore({ limits: { partBytes: 10, putBytes: 100 } })
    const written = await new Uploads(store).append(SESSION, offset, sourceOf([bodyOf(bytesOf(sent))], size))
    const hex = createHash('sha256').update(bytesOf(sent)).digest('hex')
    expect(written).toEqual({ key: expect.stringMatching(/./) as unknown, size: sent, hex })
    expect(written.key.startsWith(chunkKey(SESSION, offset, ''))).toBe(true)
    expect(objects.get(written.key)?.bytes).toEqual(bytesOf(sent))
  })

  test('never have the key of another request, though it be the same chunk', async () => {
    const { store, objects } = watchedStore()
    const uploads = new Uploads(store)
    const keys = await Promise.all(
      [1, 2, 3].map(async () => (await uploads.append(SESSION, 0, sourceOf([bodyOf(bytesOf(5))], 5))).key),
    )
    expect(new Set(keys).size).toBe(3)
    expect([...objects.keys()].sort()).toEqual([...keys].sort())
    expect(await uploads.chunks(SESSION)).toHaveLength(1)
  })

  test.each([
    ['too short', 4, 5, {}, 'SIZE_INVALID'],
    ['too long', 6, 5, {}, 'SIZE_INVALID'],
    ['broken', 4, 5, { breaks: new Error('gone') }, 'BLOB_UPLOAD_INVALID'],
    ['broken, of unknown length', 25, null, { breaks: new Error('gone') }, 'BLOB_UPLOAD_INVALID'],
  ])('that are %s are not stored', async (_, sent, size, options, code) => {
    const { store, objects } = watchedStore({ limits: { partBytes: 10, putBytes: 100 } })
    const error = await rejection(
      new Uploads(store).append(SESSION, 0, sourceOf([bodyOf(bytesOf(sent), options)], size)),
    )
    expect(error.code).toBe(code)
    expect(objects.size).toBe(0)
  })
})

describe('an upload that was cancelled', () => {
  test('has no bytes, and is known as cancelled whatever comes late', async () => {
    const { store, objects } = watchedStore()
    const uploads = new Uploads(store)
    await put(store, '0+5a 5+5b')
    await uploads.cancel(SESSION)
    expect([...objects.keys()]).toEqual([cancelledKey(SESSION)])
    for (const late of ['', '0+5c']) {
      await put(store, late)
      expect(await rejection(uploads.chunks(SESSION))).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN', status: 404 })
    }
    expect(await uploads.chunks(OTHER_SESSION)).toEqual([])
  })

  test('is so before its bytes begin to go', async () => {
    const { store, calls } = watchedStore()
    await put(store, '0+5a')
    calls.length = 0
    await new Uploads(store).cancel(SESSION)
    expect(calls[0]).toBe(`put ${cancelledKey(SESSION)}`)
    expect(calls.at(-1)).toBe(`delete ${chunkKey(SESSION, 0, 'a')}`)
  })
})

describe('the bytes of chunks', () => {
  test('come one after the other, and only when they are asked for', async () => {
    const { store, calls } = watchedStore()
    const uploads = new Uploads(store)
    await put(store, '0+5a 5+7b 12+1c')
    const source = uploads.read(await uploads.chunks(SESSION), null)
    expect(source.size).toBe(13)
    calls.length = 0
    const bytes: number[] = []
    for await (const stream of source.streams) {
      for await (const piece of stream) bytes.push(...piece)
      expect(calls.length).toBeLessThanOrEqual(3)
    }
    expect(bytes).toEqual([...bytesOf(5), ...bytesOf(7), ...bytesOf(1)])
    expect(calls).toEqual([
      `open ${chunkKey(SESSION, 0, 'a')}`,
      `open ${chunkKey(SESSION, 5, 'b')}`,
      `open ${chunkKey(SESSION, 12, 'c')}`,
    ])
  })

  test('that are gone meanwhile: the upload is unknown', async () => {
    const { store } = watchedStore()
    const uploads = new Uploads(store)
    await put(store, '0+5a 5+5b')
    const { streams } = uploads.read(await uploads.chunks(SESSION), null)
    await store.delete(chunkKey(SESSION, 5, 'b'))
    const error = await rejection(drain(streams))
    expect(error).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN', status: 404 })
  })

  test("that break are the storage's fault, not the client's", () => {
    const cause = new Error('connection lost')
    const error = new Uploads(watchedStore().store).read([], null).fault(cause, 0)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, cause })
  })

  test("are followed by those of the closing request, whose break is the client's fault", async () => {
    const { store } = watchedStore()
    const uploads = new Uploads(store)
    await put(store, '0+5a 5+5b')
    const chunks = await uploads.chunks(SESSION)
    const last = sourceOf([bodyOf(bytesOf(3))], 3)
    const source = uploads.read(chunks, last)
    expect(source.size).toBe(13)
    expect(uploads.read(chunks, { ...last, size: null }).size).toBeNull()
    const bytes: number[] = []
    for await (const stream of source.streams) for await (const piece of stream) bytes.push(...piece)
    expect(bytes).toEqual([...bytesOf(5), ...bytesOf(5), ...bytesOf(3)])
    const cause = new Error('connection lost')
    expect(source.fault(cause, 1).code).toBe('UNAVAILABLE')
    expect(source.fault(cause, 2)).toEqual(last.fault(cause, 0))
  })

  test('of no chunks are none', () => {
    expect(new Uploads(watchedStore().store).read([], null).size).toBe(0)
  })
})

/** @param chunks as `<offset>+<size><nonce>`, put in this order */
async function put(store: ObjectStore, chunks: string): Promise<void> {
  for (const { key, size } of chunksOf(chunks)) await store.put(key, bytesOf(size))
}

function chunksOf(chunks: string): Chunk[] {
  return [...chunks.matchAll(/(\d+)\+(\d+)(\w+)/g)].map(([, offset = '', size = '', nonce = '']) => {
    return { key: chunkKey(SESSION, Number(offset), nonce), offset: Number(offset), size: Number(size) }
  })
}

async function drain(streams: ByteStreams): Promise<void> {
  for await (const stream of streams) await new Response(stream).arrayBuffer()
}
