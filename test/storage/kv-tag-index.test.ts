import { beforeEach, describe, expect, test, vi } from 'vitest'

import { digestOf } from '../../src/oci/digest.ts'
import { OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { createKvTagIndex } from '../../src/storage/kv/kv-tag-index.ts'
import type { TagIndex } from '../../src/storage/tag-index.ts'
import { describeTagIndex } from '../contract/tag-index.ts'
import { rejection } from '../oci/support/refusal.ts'

const APP = parseRepositoryName('team/app')
const TAG = parseTag('v1')
const KEY = 'tag:team/app:v1'
const MANIFEST = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(new Uint8Array([1])), size: 1 }
const TOO_MANY = new Error('KV PUT failed: 429 Too Many Requests')

/** A namespace that refuses as many calls as it is told to. */
function fakeKv() {
  const entries = new Map<string, string>()
  const refusals = { get: 0, put: 0, delete: 0 }
  const calls: unknown[][] = []
  function call(name: keyof typeof refusals, ...args: unknown[]): Promise<void> {
    calls.push([name, ...args])
    return refusals[name]-- > 0 ? Promise.reject(TOO_MANY) : Promise.resolve()
  }
  const kv = {
    async get(key: string, type: 'json'): Promise<unknown> {
      await call('get', key, type)
      const value = entries.get(key)
      return value === undefined ? null : JSON.parse(value)
    },
    async put(key: string, value: string, options: KVNamespacePutOptions): Promise<void> {
      await call('put', key, value, options)
      entries.set(key, value)
    },
    async delete(key: string): Promise<void> {
      await call('delete', key)
      entries.delete(key)
    },
  }
  const sleep = vi.fn<(ms: number) => Promise<void>>(() => Promise.resolve())
  const index: TagIndex = createKvTagIndex(kv as unknown as KVNamespace, sleep)
  return { index, entries, refusals, calls, sleep }
}

const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)

beforeEach(() => {
  log.mockClear()
})

describeTagIndex('KV', () => Promise.resolve(fakeKv().index))

describe('a write', () => {
  test('is one entry, which vanishes after a day', async () => {
    const { index, calls, sleep } = fakeKv()
    await index.put(APP, TAG, MANIFEST)
    expect(calls).toEqual([['put', KEY, expect.any(String), { expirationTtl: 86_400 }]])
    expect(JSON.parse(String(calls[0]?.[2]))).toEqual(MANIFEST)
    expect(sleep).not.toHaveBeenCalled()
  })

  test('has of the manifest what a descriptor has, and no more', async () => {
    const { index, calls } = fakeKv()
    const record = { ...MANIFEST, pushedAt: '2026-10-01T00:00:00Z', pushedBy: 'somebody' }
    await index.put(APP, TAG, record)
    expect(JSON.parse(String(calls[0]?.[2]))).toEqual(MANIFEST)
  })
})

describe.each([
  ['put', (index: TagIndex) => index.put(APP, TAG, MANIFEST)],
  ['delete', (index: TagIndex) => index.delete(APP, TAG)],
] as const)('a %s that KV refuses', (name, write) => {
  test.each([
    [1, [1100]],
    [2, [1100, 1100]],
    [3, [1100, 1100, 2200]],
  ])('%i times is tried again, each time after more than the second that KV asks for', async (count, waits) => {
    const { index, entries, refusals, calls, sleep } = fakeKv()
    entries.set(KEY, '{"old":true}')
    refusals[name] = count
    await write(index)
    expect(calls.map(([called]) => called)).toEqual(Array(count + 1).fill(name))
    expect(sleep.mock.calls).toEqual(waits.map((ms) => [ms]))
    expect(entries.has(KEY)).toBe(name === 'put')
    expect(entries.get(KEY)).not.toBe('{"old":true}')
  })

  test('for good is told to the client', async () => {
    const { index, refusals, calls } = fakeKv()
    refusals[name] = Infinity
    const error = await rejection(write(index))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, cause: TOO_MANY })
    expect(JSON.stringify(error.details)).not.toContain('429')
    expect(calls).toHaveLength(4)
  })

  test('is begun again only after the wait', async () => {
    const { index, refusals, calls, sleep } = fakeKv()
    refusals[name] = 1
    const wait = Promise.withResolvers<undefined>()
    sleep.mockReturnValueOnce(wait.promise)
    const written = write(index)
    await vi.waitFor(() => {
      expect(sleep).toHaveBeenCalledOnce()
    })
    expect(calls).toHaveLength(1)
    wait.resolve(undefined)
    await written
    expect(calls).toHaveLength(2)
  })
})

describe('a read', () => {
  test('is one read of JSON', async () => {
    const { index, calls } = fakeKv()
    await index.get(APP, TAG)
    expect(calls).toEqual([['get', KEY, 'json']])
  })

  test('that fails is a miss, and told to the operator', async () => {
    const { index, entries, refusals, calls, sleep } = fakeKv()
    entries.set(KEY, JSON.stringify(MANIFEST))
    refusals.get = 1
    expect(await index.get(APP, TAG)).toBeNull()
    expect(calls).toHaveLength(1)
    expect(sleep).not.toHaveBeenCalled()
    expect(log.mock.calls).toEqual([[expect.stringMatching(/team\/app:v1[^]*429/)]])
  })

  test.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['a text', '"v1"'],
    ['empty', '{}'],
    ['without a digest', JSON.stringify({ ...MANIFEST, digest: undefined })],
    ['of a digest that is none', JSON.stringify({ ...MANIFEST, digest: 'latest' })],
    ['without a media type', JSON.stringify({ ...MANIFEST, mediaType: undefined })],
    ['of a size that is none', JSON.stringify({ ...MANIFEST, size: -1 })],
  ])('of an entry that is %s is a miss, and told to the operator', async (_, value) => {
    const { index, entries } = fakeKv()
    entries.set(KEY, value)
    expect(await index.get(APP, TAG)).toBeNull()
    expect(log).toHaveBeenCalledOnce()
  })

  test('of nothing is a miss, of which there is nothing to tell', async () => {
    expect(await fakeKv().index.get(APP, TAG)).toBeNull()
    expect(log).not.toHaveBeenCalled()
  })

  test('of an entry with fields of a later time has those that we know', async () => {
    const { index, entries } = fakeKv()
    entries.set(KEY, JSON.stringify({ ...MANIFEST, annotations: {} }))
    expect(await index.get(APP, TAG)).toEqual(MANIFEST)
  })
})
