import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { describe, expect, test } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import type { ByteStreams } from '../../src/storage/byte-source.ts'
import { chunkKey } from '../../src/storage/keys.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { endOf, Uploads, type Chunk } from '../../src/storage/uploads.ts'
import type { ObjectSource } from '../../src/storage/write-object.ts'
import { rejection } from '../oci/support/refusal.ts'
import { bodyOf, bytesOf, type BodyOptions } from './support/streams.ts'
import { watchedStore } from './support/stores.ts'

const SESSION = '0e2c8a7e-5b0d-4a4b-9d6f-2f1f3c1f9a11'
const OTHER_SESSION = '0e2c8a7e-5b0d-4a4b-9d6f-2f1f3c1f9a12'

/** Where a chunk begins, how long it is, and what tells it from others that begin there. */
type Stored = readonly [offset: number, size: number, nonce: string]

describe('the chunks of an upload', () => {
  test.each<[string, Stored[], string[]]>([
    ['none', [], []],
    ['one', [[0, 5, 'a']], ['0-a']],
    [
      'in order',
      [
        [0, 5, 'a'],
        [5, 5, 'b'],
        [10, 1, 'c'],
      ],
      ['0-a', '5-b', '10-c'],
    ],
    [
      'that came in another order',
      [
        [10, 1, 'c'],
        [5, 5, 'b'],
        [0, 5, 'a'],
      ],
      ['0-a', '5-b', '10-c'],
    ],
    [
      'whose offsets have more and more digits',
      [
        [0, 9, 'a'],
        [9, 1, 'b'],
        [10, 90, 'c'],
        [100, 1, 'd'],
      ],
      ['0-a', '9-b', '10-c', '100-d'],
    ],
    [
      'without a beginning',
      [
        [1, 5, 'a'],
        [6, 5, 'b'],
      ],
      [],
    ],
    [
      'with a gap',
      [
        [0, 5, 'a'],
        [6, 5, 'b'],
      ],
      ['0-a'],
    ],
    [
      'with a gap of one byte, and more after it',
      [
        [0, 5, 'a'],
        [5, 5, 'b'],
        [11, 5, 'c'],
        [16, 5, 'd'],
      ],
      ['0-a', '5-b'],
    ],
    [
      'that overlap',
      [
        [0, 5, 'a'],
        [4, 5, 'b'],
      ],
      ['0-a'],
    ],
    [
      'that overlap, and one that fits',
      [
        [0, 5, 'a'],
        [4, 5, 'b'],
        [5, 1, 'c'],
      ],
      ['0-a', '5-c'],
    ],
    [
      'of which one was sent twice',
      [
        [0, 5, 'a'],
        [0, 5, 'b'],
        [5, 5, 'c'],
      ],
      ['0-a', '5-c'],
    ],
    [
      'of which each was sent twice',
      [
        [0, 5, 'b'],
        [0, 5, 'a'],
        [5, 5, 'd'],
        [5, 5, 'c'],
      ],
      ['0-a', '5-c'],
    ],
    [
      'of which the last was sent twice',
      [
        [0, 5, 'a'],
        [5, 5, 'b'],
        [5, 5, 'c'],
      ],
      ['0-a', '5-b'],
    ],
    [
      'sent again as one',
      [
        [0, 5, 'a'],
        [5, 5, 'b'],
        [0, 10, 'c'],
      ],
      ['0-c'],
    ],
    [
      'sent again as one, and continued',
      [
        [0, 5, 'a'],
        [0, 10, 'b'],
        [10, 5, 'c'],
      ],
      ['0-b', '10-c'],
    ],
    [
      'sent again in smaller ones',
      [
        [0, 10, 'a'],
        [0, 4, 'b'],
        [4, 6, 'c'],
        [10, 1, 'd'],
      ],
      ['0-a', '10-d'],
    ],
    [
      'sent again and cut elsewhere',
      [
        [0, 5, 'a'],
        [5, 5, 'b'],
        [0, 7, 'c'],
        [7, 4, 'd'],
      ],
      ['0-c', '7-d'],
    ],
    [
      'of which the longer leads nowhere',
      [
        [0, 7, 'a'],
        [0, 5, 'b'],
        [5, 5, 'c'],
      ],
      ['0-b', '5-c'],
    ],
    [
      'of which the shorter leads nowhere',
      [
        [0, 5, 'a'],
        [0, 7, 'b'],
        [7, 5, 'c'],
        [6, 100, 'd'],
      ],
      ['0-b', '7-c'],
    ],
    [
      'whose longest run is not the one of most bytes sent',
      [
        [0, 1, 'a'],
        [0, 2, 'b'],
        [1, 9, 'c'],
        [2, 3, 'd'],
      ],
      ['0-a', '1-c'],
    ],
    [
      'of which one is empty',
      [
        [0, 5, 'a'],
        [5, 0, 'b'],
        [5, 5, 'c'],
      ],
      ['0-a', '5-c'],
    ],
    [
      'of which the first is empty',
      [
        [0, 0, 'a'],
        [0, 5, 'b'],
      ],
      ['0-b'],
    ],
    [
      'all of them empty',
      [
        [0, 0, 'a'],
        [0, 0, 'b'],
      ],
      [],
    ],
    [
      'of one byte each',
      Array.from({ length: 20 }, (_, at): Stored => [at, 1, 'a']),
      Array.from({ length: 20 }, (_, at) => `${at}-a`),
    ],
  ])('%s', async (_, stored, want) => {
    const { store } = watchedStore()
    await put(store, stored)
    const chunks = await new Uploads(store).chunks(SESSION)
    expect(chunks).toEqual(chunksOf(stored, want))
    expect(endOf(chunks)).toBe(chunks.reduce((total, { size }) => total + size, 0))
  })

  test('of other uploads, and what is no chunk, are ignored', async () => {
    const { store, objects } = watchedStore()
    await put(store, [
      [0, 5, 'a'],
      [5, 5, 'b'],
    ])
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
    expect(await uploads.removeAll(SESSION)).toBe(true)
    expect([...objects.keys()].filter((key) => /^uploads\/[^/]+\/\d{16}-[ab]$/.test(key))).toEqual([])
    expect(objects.size).toBe(11)
  })

  test.each([999, 1000, 1001, 2500])('%i of them are found, a thousand a listing', async (count) => {
    const { store, calls, objects } = watchedStore()
    await put(
      store,
      Array.from({ length: count }, (_, at): Stored => [2 * at, 2, `n${at % 7}`]),
    )
    calls.length = 0
    const uploads = new Uploads(store)
    const chunks = await uploads.chunks(SESSION)
    expect(chunks.map(({ offset }) => offset)).toEqual(Array.from({ length: count }, (_, at) => 2 * at))
    expect(calls).toHaveLength(Math.ceil(count / 1000))
    expect(await uploads.removeAll(SESSION)).toBe(true)
    expect(objects.size).toBe(0)
  })

  test('as many as are ever found fit into the memory that the Worker has', async () => {
    const worker = new Worker(join(import.meta.dirname, 'support/many-chunks.ts'), {
      workerData: 10_000,
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    })
    expect(await once(worker, 'message')).toEqual([10_000]) // rejected when the worker has no memory left
  }, 30_000)

  test('a page of what is no chunk does not end the search', async () => {
    const { store } = watchedStore()
    for (let count = 0; count < 1500; count++) await store.put(`uploads/${SESSION}/!${count}`, bytesOf(1))
    await put(store, [[0, 5, 'a']])
    expect(await new Uploads(store).chunks(SESSION)).toHaveLength(1)
  })
})

describe('removing an upload', () => {
  test('answers whether there was anything', async () => {
    const { store, objects } = watchedStore()
    await put(store, [
      [0, 5, 'a'],
      [7, 5, 'b'],
    ])
    await store.put(chunkKey(OTHER_SESSION, 0, 'x'), bytesOf(1))
    const uploads = new Uploads(store)
    expect(await uploads.removeAll(SESSION)).toBe(true)
    expect(await uploads.removeAll(SESSION)).toBe(false)
    expect([...objects.keys()]).toEqual([chunkKey(OTHER_SESSION, 0, 'x')])
  })

  test('one chunk whose key is known leaves the others', async () => {
    const { store, objects } = watchedStore()
    await put(store, [
      [0, 5, 'a'],
      [0, 5, 'b'],
    ])
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
    const written = await new Uploads(store).append(SESSION, offset, sourceOf(bytesOf(sent), size))
    const hex = createHash('sha256').update(bytesOf(sent)).digest('hex')
    expect(written).toEqual({ key: expect.stringMatching(/./) as unknown, size: sent, hex })
    expect(written.key.startsWith(chunkKey(SESSION, offset, ''))).toBe(true)
    expect(objects.get(written.key)?.bytes).toEqual(bytesOf(sent))
  })

  test('never have the key of another request, though it be the same chunk', async () => {
    const { store, objects } = watchedStore()
    const uploads = new Uploads(store)
    const keys = await Promise.all(
      [1, 2, 3].map(async () => (await uploads.append(SESSION, 0, sourceOf(bytesOf(5), 5))).key),
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
    const error = await rejection(new Uploads(store).append(SESSION, 0, sourceOf(bytesOf(sent), size, options)))
    expect(error.code).toBe(code)
    expect(objects.size).toBe(0)
  })
})

describe('the bytes of chunks', () => {
  test('come one after the other, and only when they are asked for', async () => {
    const { store, calls } = watchedStore()
    const uploads = new Uploads(store)
    await put(store, [
      [0, 5, 'a'],
      [5, 7, 'b'],
      [12, 1, 'c'],
    ])
    const source = uploads.read(await uploads.chunks(SESSION))
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
    await put(store, [
      [0, 5, 'a'],
      [5, 5, 'b'],
    ])
    const { streams } = uploads.read(await uploads.chunks(SESSION))
    await store.delete(chunkKey(SESSION, 5, 'b'))
    const error = await rejection(drain(streams))
    expect(error).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN', status: 404 })
  })

  test("that break are the storage's fault, not the client's", () => {
    const cause = new Error('connection lost')
    const error = new Uploads(watchedStore().store).read([]).fault(cause)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, cause })
  })

  test('of no chunks are none', () => {
    expect(new Uploads(watchedStore().store).read([]).size).toBe(0)
  })
})

async function put(store: ObjectStore, stored: readonly Stored[]): Promise<void> {
  for (const [offset, size, nonce] of stored) await store.put(chunkKey(SESSION, offset, nonce), bytesOf(size))
}

async function drain(streams: ByteStreams): Promise<void> {
  for await (const stream of streams) await new Response(stream).arrayBuffer()
}

/** Of what was stored, the chunks named `<offset>-<nonce>`. */
function chunksOf(stored: readonly Stored[], names: readonly string[]): Chunk[] {
  return names.map((name) => {
    const [offset, size, nonce] = stored.find(([at, , which]) => `${at}-${which}` === name) ?? expect.fail(name)
    return { key: chunkKey(SESSION, offset, nonce), offset, size }
  })
}

function sourceOf(bytes: Uint8Array, size: number | null, options: BodyOptions = {}): ObjectSource {
  const fault = (cause: unknown) => new RegistryError('BLOB_UPLOAD_INVALID', { cause })
  return { streams: [bodyOf(bytes, options).stream], size, fault }
}
