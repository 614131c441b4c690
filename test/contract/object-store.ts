import { describe, expect, test } from 'vitest'

import { describeListings } from './object-store-listings.ts'
import { describePresignedUrls } from './object-store-presigned.ts'
import { bytesOf, drain, ownFolder, send, sha256, type ObjectStoreContract } from './support/objects.ts'

/** Every S3 wants at least this much of each part but the last. */
const PART_BYTES = 5 * 2 ** 20

/** What src/storage/object-store.ts promises, asked of an adapter. */
export function describeObjectStore(name: string, { open, reachable }: ObjectStoreContract): void {
  describe(`${name} keeps the contract of an object store`, () => {
    test('an absent object is null, whatever is asked of it', async () => {
      const [store, key] = [await open(), `${ownFolder()}absent`]
      expect(await store.head(key)).toBeNull()
      expect(await store.get(key)).toBeNull()
      expect(await store.open(key)).toBeNull()
    })

    test('an object has the bytes and attributes that it was put with', async () => {
      const [store, key] = [await open(), `${ownFolder()}object`]
      const bytes = bytesOf(1000)
      const attributes = { contentType: 'application/vnd.oci.image.index.v1+json', metadata: { size: '42' } }
      await store.put(key, bytes, attributes)

      const want = { ...attributes, size: 1000 }
      expect(await store.head(key)).toMatchObject(want)
      const found = await store.get(key)
      expect(found).toMatchObject(want)
      expect(found?.bytes).toEqual(bytes)
      expect(await drain(await store.open(key))).toEqual(bytes)
    })

    test('an object knows when it was written', async () => {
      const [store, key] = [await open(), `${ownFolder()}object`]
      await store.put(key, bytesOf(1))
      const { lastModified } = (await store.head(key)) ?? {}
      expect(Math.abs(Date.now() - (lastModified?.getTime() ?? 0))).toBeLessThan(3_600_000)
    })

    test('without attributes an object is octets with no metadata', async () => {
      const [store, key] = [await open(), `${ownFolder()}object`]
      await store.put(key, bytesOf(1))
      expect(await store.head(key)).toMatchObject({ contentType: 'application/octet-stream', metadata: {} })
    })

    test('an object may be empty, and still has its metadata', async () => {
      const [store, key] = [await open(), `${ownFolder()}empty`]
      await store.put(key, new Uint8Array(0), { metadata: { size: '0' } })
      expect(await store.head(key)).toMatchObject({ size: 0, metadata: { size: '0' } })
      expect((await store.get(key))?.bytes).toEqual(new Uint8Array(0))
      expect(await drain(await store.open(key))).toEqual(new Uint8Array(0))
    })

    test('a second put replaces bytes and attributes', async () => {
      const [store, key] = [await open(), `${ownFolder()}object`]
      await store.put(key, bytesOf(10), { contentType: 'text/plain', metadata: { size: '10' } })
      await store.put(key, bytesOf(3), { contentType: 'application/json' })
      const found = await store.get(key)
      expect(found).toMatchObject({ size: 3, contentType: 'application/json', metadata: {} })
      expect(found?.bytes).toEqual(bytesOf(3))
    })

    test('what was put stays as it was when its memory is used again', async () => {
      const [store, key] = [await open(), `${ownFolder()}object`]
      const bytes = bytesOf(10)
      await store.put(key, bytes)
      bytes.fill(0)
      expect((await store.get(key))?.bytes).toEqual(bytesOf(10))
    })

    test.each([0, 1, 65_537, 1_000_000])('a stream of %i bytes is stored whole', async (size) => {
      const [store, key] = [await open(), `${ownFolder()}streamed`]
      const sent = send(bytesOf(size), size, 'close')
      await store.putStream(key, sent.readable, size)
      await sent.done
      expect(await store.head(key)).toMatchObject({ size, contentType: 'application/octet-stream', metadata: {} })
      expect(sha256(await drain(await store.open(key)))).toBe(sha256(bytesOf(size)))
    })

    test.each([
      ['ends early', 'close', 0],
      ['ends one byte early', 'close', 99_999],
      ['breaks at once', 'abort', 0],
      ['breaks midway', 'abort', 50_000],
      ['breaks before its last byte', 'abort', 99_999],
    ] as const)('a stream that %s stores nothing', async (_, end, sentBytes) => {
      const [store, key] = [await open(), `${ownFolder()}streamed`]
      const sent = send(bytesOf(sentBytes), 100_000, end)
      await expect(store.putStream(key, sent.readable, 100_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await sent.done
      expect(await store.head(key)).toBeNull()
    })

    test('an object stays as it was when the stream that replaces it breaks', async () => {
      const [store, key] = [await open(), `${ownFolder()}streamed`]
      await store.put(key, bytesOf(10), { metadata: { size: '10' } })
      const sent = send(bytesOf(50_000), 100_000, 'abort')
      await expect(store.putStream(key, sent.readable, 100_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await sent.done
      const found = await store.get(key)
      expect(found).toMatchObject({ metadata: { size: '10' } })
      expect(found?.bytes).toEqual(bytesOf(10))
    })

    test('a store that checks digests takes the stream that has it, and refuses another', async ({ skip }) => {
      const [store, key] = [await open(), `${ownFolder()}streamed`]
      skip(!store.features.has('checksum-sha256'), 'the store does not check digests')
      const right = send(bytesOf(1000), 1000, 'close')
      await store.putStream(key, right.readable, 1000, sha256(bytesOf(1000)))
      await right.done
      expect(await drain(await store.open(key))).toEqual(bytesOf(1000))

      const wrong = send(bytesOf(999), 999, 'close')
      const refused = store.putStream(key, wrong.readable, 999, sha256(bytesOf(1000)))
      await expect(refused).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
      await wrong.done
      expect(await drain(await store.open(key))).toEqual(bytesOf(1000))
    })

    test('a multipart upload is there when it is complete, not before', async () => {
      const [store, folder] = [await open(), ownFolder()]
      const bytes = bytesOf(2 * PART_BYTES + 7)
      const upload = await store.startMultipart(`${folder}parts`)
      for (let at = 0; at < bytes.length; at += PART_BYTES) await upload.putPart(bytes.subarray(at, at + PART_BYTES))
      expect(await store.head(`${folder}parts`)).toBeNull()
      expect(await store.list(folder, { limit: 10 })).toEqual({ objects: [], more: false })

      await upload.complete()
      expect(await store.head(`${folder}parts`)).toMatchObject({ size: bytes.length })
      expect(sha256(await drain(await store.open(`${folder}parts`)))).toBe(sha256(bytes))
    })

    test('a multipart upload may be one short part', async () => {
      const [store, key] = [await open(), `${ownFolder()}parts`]
      const upload = await store.startMultipart(key)
      await upload.putPart(bytesOf(10))
      await upload.complete()
      expect((await store.get(key))?.bytes).toEqual(bytesOf(10))
    })

    test('the memory of a part may be used again once it is sent', async () => {
      const [store, key] = [await open(), `${ownFolder()}parts`]
      const upload = await store.startMultipart(key)
      const bytes = bytesOf(10)
      await upload.putPart(bytes)
      bytes.fill(0)
      await upload.complete()
      expect((await store.get(key))?.bytes).toEqual(bytesOf(10))
    })

    test('a multipart upload that is given up leaves what was there', async () => {
      const [store, folder] = [await open(), ownFolder()]
      await store.put(`${folder}old`, bytesOf(3))
      for (const key of [`${folder}old`, `${folder}new`]) {
        const upload = await store.startMultipart(key)
        await upload.putPart(bytesOf(10))
        await upload.abort()
      }
      expect((await store.get(`${folder}old`))?.bytes).toEqual(bytesOf(3))
      expect(await store.head(`${folder}new`)).toBeNull()
    })

    test('giving a multipart upload up twice is no error', async () => {
      const upload = await (await open()).startMultipart(`${ownFolder()}parts`)
      await upload.abort()
      await expect(upload.abort()).resolves.toBeUndefined()
    })

    test('two multipart uploads to one key do not mix: the later one wins', async () => {
      const [store, key] = [await open(), `${ownFolder()}parts`]
      const [first, second] = [await store.startMultipart(key), await store.startMultipart(key)]
      await first.putPart(bytesOf(10))
      await second.putPart(bytesOf(20))
      await second.complete()
      await first.complete()
      expect((await store.get(key))?.bytes).toEqual(bytesOf(10))
    })

    test('a copy has the same bytes and attributes, and the original stays', async () => {
      const [store, folder] = [await open(), ownFolder()]
      const attributes = { contentType: 'application/json', metadata: { size: '100' } }
      await store.put(`${folder}from`, bytesOf(100), attributes)
      expect(await store.copy(`${folder}from`, `${folder}to`, 100)).toBe(true)
      for (const key of [`${folder}from`, `${folder}to`]) {
        const found = await store.get(key)
        expect(found).toMatchObject(attributes)
        expect(found?.bytes).toEqual(bytesOf(100))
      }
    })

    test('a copy replaces what was there', async () => {
      const [store, folder] = [await open(), ownFolder()]
      await store.put(`${folder}from`, bytesOf(100))
      await store.put(`${folder}to`, bytesOf(5))
      expect(await store.copy(`${folder}from`, `${folder}to`, 100)).toBe(true)
      expect((await store.get(`${folder}to`))?.bytes).toEqual(bytesOf(100))
    })

    test.each([
      ['two parts and a little more', 2 * PART_BYTES + 1],
      ['two parts exactly', 2 * PART_BYTES],
    ])('an object of %s is copied by parts', async (_, size) => {
      const [store, folder] = [await open({ copyBytes: PART_BYTES }), ownFolder()]
      await store.put(`${folder}from`, bytesOf(size))
      expect(await store.copy(`${folder}from`, `${folder}to`, size)).toBe(true)
      expect(await store.head(`${folder}to`)).toMatchObject({ size })
      expect(sha256(await drain(await store.open(`${folder}to`)))).toBe(sha256(bytesOf(size)))
    })

    test.each([
      ['at once', {}, 10],
      ['by parts', { copyBytes: PART_BYTES }, PART_BYTES + 1],
    ])('a copy %s of what is not there is false and makes nothing', async (_, limits, size) => {
      const [store, folder] = [await open(limits), ownFolder()]
      expect(await store.copy(`${folder}absent`, `${folder}to`, size)).toBe(false)
      expect(await store.head(`${folder}to`)).toBeNull()
    })

    test('what is deleted is gone, and deleting it again is no error', async () => {
      const [store, folder] = [await open(), ownFolder()]
      await store.put(`${folder}object`, bytesOf(1))
      await store.put(`${folder}object/below`, bytesOf(2))
      await store.delete(`${folder}object`)
      expect(await store.head(`${folder}object`)).toBeNull()
      expect(await store.head(`${folder}object/below`)).toMatchObject({ size: 2 })
      await expect(store.delete(`${folder}object`)).resolves.toBeUndefined()
      await expect(store.delete(`${folder}never`)).resolves.toBeUndefined()
    })

    // All that a repository's name, a tag, a digest and our own marks can bring, and a little more.
    test.each([
      'r/@',
      'r/@sha256-0a',
      'r!',
      'a-b__c.d/e',
      'V1.0_rc-1',
      'a b',
      'a+b',
      'a:b',
      'a%2fb',
      'a=b&c',
      "a'(b)*",
    ])('the key "%s" is itself everywhere', async (name) => {
      const [store, folder] = [await open(), ownFolder()]
      await store.put(folder + name, bytesOf(10))
      expect((await store.get(folder + name))?.bytes).toEqual(bytesOf(10))
      expect((await store.list(folder, { limit: 10 })).objects).toEqual([{ key: folder + name, size: 10 }])
      expect(await store.copy(folder + name, `${folder}copies/${name}`, 10)).toBe(true)
      expect((await store.get(`${folder}copies/${name}`))?.bytes).toEqual(bytesOf(10))
      if (reachable) {
        const response = await fetch(await store.presignGet(folder + name, new Date()))
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytesOf(10))
      }
      await store.delete(folder + name)
      expect(await store.head(folder + name)).toBeNull()
    })

    describeListings(open)
    describePresignedUrls(open, reachable)
  })
}
