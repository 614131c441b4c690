import { createHash } from 'node:crypto'

import { describe, expect, test, vi } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import { hashSource, writeObject, type Written } from '../../src/storage/write-object.ts'
import { rejection } from '../oci/support/refusal.ts'
import { bodyOf, bytesOf, sameBytes, settled, sourceOf, type StreamKind } from './support/streams.ts'
import { expectNothingLeft, watchedStore } from './support/stores.ts'

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
        expectNothingLeft(calls, KEY)
      }
    },
  )
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
    expect(error.code).toBe('SIZE_INVALID')
    expect(error.details).toEqual([{ expected: announced }])
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

function writtenOf(bytes: Uint8Array): Written {
  return { size: bytes.length, hex: createHash('sha256').update(bytes).digest('hex') }
}

function ignore(): void {
  // Every digest is right.
}
