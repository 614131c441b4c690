import { describe, expect, test } from 'vitest'

import { digestOf, digestParts, parseDigest } from '../../src/oci/digest.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { Blobs } from '../../src/storage/blobs.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { rejection } from '../oci/support/refusal.ts'
import { bodyOf, bytesOf, sourceOf } from './support/streams.ts'
import { watchedStore } from './support/stores.ts'

const APP = parseRepositoryName('team/app')
const OTHER_REPOSITORIES = ['team', 'team/ap', 'team/app2', 'team/app/b', 'team/app-b'].map(parseRepositoryName)
const BYTES = bytesOf(100)
const DIGEST = digestOf(BYTES)
const DIGEST_512 = digestOf(BYTES, 'sha512')
const KEY = `blobs/sha256/${digestParts(DIGEST).hex}`
const KEY_512 = `blobs/sha512/${digestParts(DIGEST_512).hex}`
const HOLDER_KEY = `refs/sha256/${digestParts(DIGEST).hex}/team/app/@`
const LIMITS = { partBytes: 10, putBytes: 500 }

describe('who holds a blob', () => {
  test('nobody does, at first', async () => {
    const blobs = new Blobs(watchedStore().store)
    expect(await blobs.stat(APP, DIGEST)).toBeNull()
    expect(await blobs.find(DIGEST)).toBeNull()
  })

  test.each([0, 1, 5 * 2 ** 30])('a repository that holds it knows its %i bytes, and no other does', async (size) => {
    const { store, objects, calls } = watchedStore()
    const blobs = new Blobs(store)
    await blobs.hold(APP, DIGEST, size)
    expect(objects.get(HOLDER_KEY)).toMatchObject({ size: 0, metadata: { size: String(size) } })
    calls.length = 0
    expect(await blobs.stat(APP, DIGEST)).toBe(size)
    expect(calls).toEqual([`head ${HOLDER_KEY}`])
    for (const other of OTHER_REPOSITORIES) expect(await blobs.stat(other, DIGEST)).toBeNull()
    expect(await blobs.stat(APP, DIGEST_512)).toBeNull()
  })

  test('a size that is not noted, as after a copy of the bucket, is that of the bytes', async () => {
    const { store, calls } = watchedStore()
    const blobs = new Blobs(store)
    await blobs.write(DIGEST, sourceOf([bodyOf(BYTES)], 100))
    await store.put(HOLDER_KEY, new Uint8Array(0))
    calls.length = 0
    expect(await blobs.stat(APP, DIGEST)).toBe(100)
    expect(calls).toEqual([`head ${HOLDER_KEY}`, `head ${KEY}`])
  })

  test('the bytes in storage alone make nobody hold them', async () => {
    const { store, calls } = watchedStore()
    const blobs = new Blobs(store)
    await blobs.write(DIGEST, sourceOf([bodyOf(BYTES)], 100))
    calls.length = 0
    expect(await blobs.find(DIGEST)).toBe(100)
    expect(calls).toEqual([`head ${KEY}`])
    expect(await blobs.stat(APP, DIGEST)).toBeNull()
  })

  test('released by one, it stays with the others, and so do its bytes', async () => {
    const { store } = watchedStore()
    const blobs = new Blobs(store)
    await blobs.write(DIGEST, sourceOf([bodyOf(BYTES)], 100))
    for (const repository of [APP, ...OTHER_REPOSITORIES]) await blobs.hold(repository, DIGEST, 100)
    await blobs.release(APP, DIGEST)
    expect(await blobs.stat(APP, DIGEST)).toBeNull()
    for (const other of OTHER_REPOSITORIES) expect(await blobs.stat(other, DIGEST)).toBe(100)
    expect(await blobs.find(DIGEST)).toBe(100)
    await expect(blobs.release(APP, DIGEST)).resolves.toBeUndefined()
  })

  test('a manifest that uses it does not make its repository hold it', async () => {
    const { store, objects } = watchedStore()
    const blobs = new Blobs(store)
    await blobs.noteUser(APP, DIGEST, DIGEST_512)
    expect([...objects.keys()]).toEqual([`${HOLDER_KEY}sha512-${digestParts(DIGEST_512).hex}`])
    expect(await blobs.stat(APP, DIGEST)).toBeNull()
  })

  test('releasing it forgets no manifest that uses it', async () => {
    const { store, objects } = watchedStore()
    const blobs = new Blobs(store)
    await blobs.hold(APP, DIGEST, 100)
    await blobs.noteUser(APP, DIGEST, DIGEST)
    await blobs.release(APP, DIGEST)
    expect([...objects.keys()]).toEqual([`${HOLDER_KEY}sha256-${digestParts(DIGEST).hex}`])
  })
})

describe('bytes are stored under their digest', () => {
  test.each([
    ['sha256', DIGEST, KEY, 100],
    ['sha256', DIGEST, KEY, null],
    ['sha512', DIGEST_512, KEY_512, 100],
    ['sha512', DIGEST_512, KEY_512, null],
  ])('a %s, %s at %s, size known as %j', async (_, digest, key, size) => {
    const { store, objects } = watchedStore({ limits: LIMITS })
    expect(await new Blobs(store).write(digest, sourceOf([bodyOf(BYTES)], size))).toBe(100)
    expect(objects.get(key)?.bytes).toEqual(BYTES)
    expect(objects.size).toBe(1)
  })

  test.each([
    [DIGEST, 100],
    [DIGEST, null],
    [DIGEST_512, 100],
    [DIGEST_512, null],
  ])('and not under another: %s, size known as %j', async (digest, size) => {
    const { store, objects } = watchedStore({ limits: LIMITS })
    const wrong = bytesOf(101).subarray(1)
    const error = await rejection(new Blobs(store).write(digest, sourceOf([bodyOf(wrong)], size)))
    expect(error).toMatchObject({ code: 'DIGEST_INVALID', status: 400 })
    expect(error.details).toEqual([{ expected: digest, found: digestOf(wrong, digestParts(digest).algorithm) }])
    expect(objects.size).toBe(0)
  })

  test('no bytes are a blob as well', async () => {
    const { store, objects } = watchedStore({ limits: LIMITS })
    const empty = digestOf(new Uint8Array(0))
    expect(await new Blobs(store).write(empty, sourceOf([], 0))).toBe(0)
    expect(objects.get(`blobs/sha256/${digestParts(empty).hex}`)?.size).toBe(0)
  })

  test('a body of another length is refused', async () => {
    for (const size of [99, 101]) {
      const { store, objects } = watchedStore({ limits: LIMITS })
      const error = await rejection(new Blobs(store).write(DIGEST, sourceOf([bodyOf(BYTES)], size)))
      expect(error.code).toBe('SIZE_INVALID')
      expect(objects.size).toBe(0)
    }
  })
})

describe('a store that checks digests itself', () => {
  test('is given the body itself, unread, with its length and sha256', async () => {
    const { store, objects, calls } = watchedStore({ limits: LIMITS, features: ['checksum-sha256'] })
    const body = bodyOf(BYTES, { kind: 'plain' })
    const given: unknown[] = []
    const putStream: ObjectStore['putStream'] = (...call) => {
      given.push([...call], body.pulled(), body.stream.locked)
      return store.putStream(...call)
    }
    expect(await new Blobs({ ...store, putStream }).write(DIGEST, sourceOf([body], 100))).toBe(100)
    expect(given).toEqual([[KEY, body.stream, 100, digestParts(DIGEST).hex], 0, false])
    expect((given[0] as unknown[])[1]).toBe(body.stream)
    expect(objects.get(KEY)?.bytes).toEqual(BYTES)
    expect(calls).toEqual([`putStream ${KEY}`])
  })

  test.each([0, 5, 100, 500])('refuses %i bytes of another digest', async (size) => {
    const { store, objects } = watchedStore({ limits: LIMITS, features: ['checksum-sha256'] })
    const other = parseDigest(`sha256:${'0a'.repeat(32)}`)
    const error = await rejection(new Blobs(store).write(other, sourceOf([bodyOf(bytesOf(size))], size)))
    expect(error).toMatchObject({ code: 'DIGEST_INVALID', status: 400 })
    expect(objects.size).toBe(0)
  })

  test.each([
    ['of unknown length', DIGEST, null],
    ['larger than one PUT', DIGEST, 501],
    ['with a digest that the store cannot check', DIGEST_512, 100],
  ])('a body %s is hashed here', async (_, digest, size) => {
    const bytes = size === 501 ? bytesOf(501) : BYTES
    const right = digestOf(bytes, digestParts(digest).algorithm)
    const { store, objects } = watchedStore({ limits: LIMITS, features: ['checksum-sha256'] })
    const checksums: unknown[] = []
    const putStream: ObjectStore['putStream'] = (key, body, length, sha256) => {
      checksums.push(sha256)
      return store.putStream(key, body, length, sha256)
    }
    const blobs = new Blobs({ ...store, putStream })
    expect(await blobs.write(right, sourceOf([bodyOf(bytes)], size))).toBe(bytes.length)
    objects.clear()
    const error = await rejection(blobs.write(right, sourceOf([bodyOf(bytesOf(bytes.length + 1).subarray(1))], size)))
    expect(error.code).toBe('DIGEST_INVALID')
    expect(objects.size).toBe(0)
    expect(checksums.every((sha256) => sha256 === undefined)).toBe(true)
  })

  test('several streams are hashed here', async () => {
    const { store, objects } = watchedStore({ limits: LIMITS, features: ['checksum-sha256'] })
    const bodies = () => [bodyOf(BYTES.slice(0, 40)), bodyOf(BYTES.slice(40))]
    expect(await new Blobs(store).write(DIGEST, sourceOf(bodies(), 100))).toBe(100)
    expect(objects.get(KEY)?.bytes).toEqual(BYTES)
  })

  test('so are streams that come one by one', async () => {
    const { store, objects } = watchedStore({ limits: LIMITS, features: ['checksum-sha256'] })
    async function* streams() {
      yield await Promise.resolve(bodyOf(BYTES).stream)
    }
    expect(await new Blobs(store).write(DIGEST, { ...sourceOf([], 100), streams: streams() })).toBe(100)
    expect(objects.get(KEY)?.bytes).toEqual(BYTES)
  })
})

describe('an object that holds the bytes already', () => {
  test('becomes the blob by a copy', async () => {
    const { store, objects, calls } = watchedStore()
    await store.put('uploads/s/0', BYTES)
    calls.length = 0
    expect(await new Blobs(store).adopt(DIGEST, 'uploads/s/0', 100)).toBe(true)
    expect(objects.get(KEY)?.bytes).toEqual(BYTES)
    expect(calls).toEqual(['copy uploads/s/0'])
  })

  test('may be gone', async () => {
    const { store, objects } = watchedStore()
    expect(await new Blobs(store).adopt(DIGEST, 'uploads/s/0', 100)).toBe(false)
    expect(objects.size).toBe(0)
  })
})

describe('bytes of a blob that is stored already', () => {
  test.each([
    [DIGEST, 100],
    [DIGEST_512, null],
  ])('are read and stored nowhere: %s, size known as %j', async (digest, size) => {
    const { store, calls } = watchedStore()
    expect(await new Blobs(store).verify(digest, sourceOf([bodyOf(BYTES)], size))).toBe(100)
    expect(calls).toEqual([])
  })

  test.each([
    ['another digest', bytesOf(101).slice(1), 100, 'DIGEST_INVALID'],
    ['another length', bytesOf(99), 100, 'SIZE_INVALID'],
    ['no bytes', bytesOf(0), null, 'DIGEST_INVALID'],
  ])('are refused with %s', async (_, bytes, size, code) => {
    const error = await rejection(new Blobs(watchedStore().store).verify(DIGEST, sourceOf([bodyOf(bytes)], size)))
    expect(error.code).toBe(code)
  })
})

test('a presigned URL is that of the blob, without a word to storage', async () => {
  const { store, calls } = watchedStore()
  const now = new Date('2026-10-01T12:00:00Z')
  expect((await new Blobs(store).presign(DIGEST, now)).href).toBe((await store.presignGet(KEY, now)).href)
  expect(calls).toEqual([])
})
