import { describe, expect, test } from 'vitest'

import { digestOf, digestParts } from '../../src/oci/digest.ts'
import { RegistryError } from '../../src/oci/errors.ts'
import { OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { Tags, type TagRecord } from '../../src/storage/tags.ts'
import { textAt, watchedStore } from './support/stores.ts'

const APP = parseRepositoryName('team/app')
const V1 = parseTag('v1')
const AT = new Date('2026-10-01T12:34:56.789Z')
const RECORD: TagRecord = {
  digest: digestOf(new Uint8Array([1])),
  mediaType: OCI_IMAGE_MANIFEST,
  size: 1,
  pushedAt: AT.toISOString(),
  pushedBy: 'somebody',
}
const MOVED: TagRecord = { ...RECORD, digest: digestOf(new Uint8Array([2]), 'sha512'), size: 2 }
const KEY = 'repositories/team/app/_tags/v1'

describe('a tag record', () => {
  test('comes back as it was written', async () => {
    const { store, objects, calls } = watchedStore()
    const tags = new Tags(store)
    expect(await tags.get(APP, V1)).toBeNull()
    await tags.put(APP, V1, RECORD)
    calls.length = 0
    expect(await tags.get(APP, V1)).toEqual(RECORD)
    expect(calls).toEqual([`get ${KEY}`])
    expect(JSON.parse(textAt(objects, KEY))).toEqual(RECORD)
    expect(objects.get(KEY)?.contentType).toBe('application/json')
  })

  test('moves', async () => {
    const tags = new Tags(watchedStore().store)
    await tags.put(APP, V1, RECORD)
    await tags.put(APP, V1, MOVED)
    expect(await tags.get(APP, V1)).toEqual(MOVED)
  })

  test('is gone when deleted, and no other is', async () => {
    const tags = new Tags(watchedStore().store)
    await tags.put(APP, V1, RECORD)
    await tags.put(APP, parseTag('v1.0'), RECORD)
    await tags.put(parseRepositoryName('team/app/b'), V1, RECORD)
    await tags.delete(APP, V1)
    await tags.delete(APP, V1)
    expect(await tags.get(APP, V1)).toBeNull()
    expect(await tags.get(APP, parseTag('v1.0'))).toEqual(RECORD)
    expect(await tags.get(parseRepositoryName('team/app/b'), V1)).toEqual(RECORD)
  })

  test.each([
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['without a digest', JSON.stringify({ ...RECORD, digest: undefined })],
    ['of a digest that is none', JSON.stringify({ ...RECORD, digest: 'sha256:0' })],
    ['without a size', JSON.stringify({ ...RECORD, size: undefined })],
  ])('that cannot be read is a fault of ours, and no refusal: %s', async (_, text) => {
    const { store } = watchedStore()
    await store.put(KEY, new TextEncoder().encode(text))
    const error: unknown = await new Tags(store).get(APP, V1).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error instanceof RegistryError ? error.status : 500).toBeGreaterThanOrEqual(500)
  })
})

describe('the tags of a repository', () => {
  const NAMES = ['1', 'V1', '_', 'a', 'a-b', 'a.b', 'a0', 'latest']

  async function tagged() {
    const { store, calls } = watchedStore()
    const tags = new Tags(store)
    for (const name of [...NAMES].reverse()) await tags.put(APP, parseTag(name), RECORD)
    await tags.put(parseRepositoryName('team/app/b'), V1, RECORD)
    await tags.put(parseRepositoryName('team/app-b'), V1, RECORD)
    await tags.noteTagged(APP, RECORD.digest, parseTag('gone'))
    await tags.noteHistory(APP, parseTag('gone'), AT, null, 'somebody')
    calls.length = 0
    return { tags, calls }
  }

  test.each([
    ['', 100, NAMES, false],
    ['', 8, NAMES, false],
    ['', 7, NAMES.slice(0, 7), true],
    ['a', 2, ['a-b', 'a.b'], true],
    ['a/', 2, ['a0', 'latest'], false], // no tag
    ['latest', 2, [], false],
    ['zzz', 2, [], false],
  ])('after %j, at most %i: %j, more %s', async (after, limit, names, more) => {
    const { tags, calls } = await tagged()
    expect(await tags.list(APP, { after, limit })).toEqual({ tags: names, more })
    expect(calls).toEqual(['list repositories/team/app/_tags/'])
  })

  test('of an unknown one are none', async () => {
    const { tags } = await tagged()
    expect(await tags.list(parseRepositoryName('team'), { limit: 10 })).toEqual({ tags: [], more: false })
  })
})

describe('the tags that a manifest had', () => {
  test('are found by its digest, also after they have moved', async () => {
    const { store, objects } = watchedStore()
    const tags = new Tags(store)
    for (const name of ['v2', 'v1', 'latest']) await tags.noteTagged(APP, RECORD.digest, parseTag(name))
    await tags.noteTagged(APP, RECORD.digest, V1)
    await tags.noteTagged(APP, MOVED.digest, V1)
    await tags.noteTagged(parseRepositoryName('team/app/b'), RECORD.digest, parseTag('elsewhere'))
    expect(await tags.listTagged(APP, RECORD.digest, { limit: 10 })).toEqual({
      tags: ['latest', 'v1', 'v2'],
      more: false,
    })
    expect(await tags.listTagged(APP, RECORD.digest, { after: 'latest', limit: 1 })).toEqual({
      tags: ['v1'],
      more: true,
    })
    expect(await tags.listTagged(APP, MOVED.digest, { limit: 10 })).toEqual({ tags: ['v1'], more: false })
    expect(objects.get(`repositories/team/app/_tagged/sha256-${digestParts(RECORD.digest).hex}/v1`)?.size).toBe(0)
    expect(await tags.get(APP, V1)).toBeNull()
  })
})

describe('the history of a tag', () => {
  test('has its moves and its deletion, the newest first', async () => {
    const { store, objects } = watchedStore()
    const tags = new Tags(store)
    const later = (ms: number) => new Date(AT.getTime() + ms)
    await tags.noteHistory(APP, V1, AT, RECORD, 'somebody')
    await tags.noteHistory(APP, V1, later(1), MOVED, 'somebody')
    await tags.noteHistory(APP, V1, later(2), null, 'somebody else')
    const { objects: listed } = await store.list('repositories/team/app/_history/v1/', { limit: 10 })
    expect(listed.map(({ key }) => JSON.parse(textAt(objects, key)) as unknown)).toEqual([
      { digest: null, pushedAt: later(2).toISOString(), pushedBy: 'somebody else' },
      MOVED,
      RECORD,
    ])
    expect(listed.map(({ key }) => key.replace(/^.*\/\d{16}-/, ''))).toEqual([
      'deleted',
      `sha512-${digestParts(MOVED.digest).hex}`,
      `sha256-${digestParts(RECORD.digest).hex}`,
    ])
  })
})
