import { beforeAll, describe, expect, test } from 'vitest'

import { digestOf, parseDigest, type Digest } from '../../src/oci/digest.ts'
import { OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { catalogKey, manifestKey, referrerKey, taggedPrefix, tagsPrefix } from '../../src/storage/keys.ts'
import type { StoredObject } from '../../src/storage/object-store.ts'
import { watchedStore, type WatchedStore } from '../storage/support/stores.ts'
import { imageOf } from '../suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../suites/registry-under-test.ts'

const TAGS = 100_000
const REPOSITORIES = 10_000
const REFERRERS = 1_000
const PAGE = 1_000

const APP = parseRepositoryName('large/app')
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

let watched: WatchedStore
let registry: MemoryRegistry
beforeAll(() => {
  watched = watchedStore()
  registry = createMemoryRegistry({ wrap: () => watched.store })
})

/** Puts an object into the bucket, past the registry. */
function fill(key: string, bytes: Uint8Array = new Uint8Array(0), contentType = 'application/octet-stream'): void {
  const stored: StoredObject = { bytes, size: bytes.length, contentType, metadata: {}, lastModified: new Date(0) }
  watched.objects.set(key, stored)
}

/** Any order but that of the names. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item, index) => [(index * 7919) % 104_729, item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

interface Page {
  readonly entries: readonly string[]
  readonly link: string | null
  /** What was asked of storage. */
  readonly calls: readonly string[]
}

/** @param list the name of the listing in the answer */
async function get(path: string, list: string): Promise<Page> {
  watched.calls.length = 0
  const response = await registry.fetch(path)
  expect(response.status, path).toBe(200)
  const body = await response.json<Record<string, unknown[]>>()
  const entries = (body[list] ?? []).map((entry) =>
    typeof entry === 'string' ? entry : (entry as { digest: string }).digest,
  )
  const link = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1] ?? null
  return { entries, link, calls: [...watched.calls] }
}

async function* pages(first: string, list: string): AsyncGenerator<Page> {
  for (let path: string | null = first; path !== null;) {
    const page: Page = await get(path, list)
    yield page
    path = page.link
  }
}

describe(`${TAGS} tags`, () => {
  const tags = Array.from({ length: TAGS }, (_, i) => `${['v', 'V', '_', '0', 'v-', 'v.'][i % 6] ?? ''}${i}`)
  const sorted = [...tags].sort()
  const prefix = tagsPrefix(APP)
  beforeAll(() => {
    fill(catalogKey(APP))
    for (const tag of shuffled(tags)) fill(prefix + tag)
  })

  test(
    'by their links: each once, in byte order, one listing a page and nothing else',
    { timeout: 60_000 },
    async () => {
      const seen: string[] = []
      let count = 0
      for await (const { entries, link, calls } of pages('/v2/large/app/tags/list', 'tags')) {
        expect(calls).toEqual([`list ${prefix}`])
        expect(entries.length).toBe(PAGE)
        expect(link === null).toBe(++count === TAGS / PAGE)
        seen.push(...entries)
      }
      expect(seen).toEqual(sorted)
    },
  )

  test.each([
    ['', 0, PAGE, true],
    ['?n=1', 0, 1, true],
    ['?n=999', 0, 999, true],
    ['?n=1000', 0, PAGE, true],
    ['?n=1001', 0, PAGE, true], // no more than a page of storage, and the link leads on
    ['?n=100000', 0, PAGE, true],
    ['?n=999999999999999', 0, PAGE, true],
    [`?last=${sorted[49_999] ?? ''}`, 50_000, PAGE, true],
    [`?n=3&last=${sorted[49_999] ?? ''}`, 50_000, 3, true],
    [`?n=3&last=${sorted[49_999] ?? ''}!`, 50_000, 3, true], // which is no tag
    [`?n=10&last=${sorted[TAGS - 11] ?? ''}`, TAGS - 10, 10, false],
    [`?n=11&last=${sorted[TAGS - 11] ?? ''}`, TAGS - 10, 10, false],
    [`?n=9&last=${sorted[TAGS - 11] ?? ''}`, TAGS - 10, 9, true],
  ])('%s: %i…, %i of them', async (query, from, length, more) => {
    const { entries, link, calls } = await get(`/v2/large/app/tags/list${query}`, 'tags')
    expect(entries).toEqual(sorted.slice(from, from + length))
    expect(link !== null).toBe(more)
    expect(calls).toEqual([`list ${prefix}`])
  })

  test.each(['?n=0', '?last=zzzz', `?n=0&last=${sorted[10] ?? ''}`])('%s: none, and no link', async (query) => {
    const { entries, link, calls } = await get(`/v2/large/app/tags/list${query}`, 'tags')
    expect([entries, link]).toEqual([[], null])
    expect(calls.filter((call) => call.startsWith('list'))).toEqual([`list ${prefix}`])
  })

  test.each(['-1', '', 'x', '1.5', '1e3', '0x10', '%2B1', '1'.repeat(16), '1,2'])('n=%s is refused', async (n) => {
    watched.calls.length = 0
    for (const path of ['/v2/large/app/tags/list', '/v2/_catalog']) {
      const response = await registry.fetch(`${path}?n=${n}`)
      const { errors } = await response.json<{ errors: { code: string }[] }>()
      expect([response.status, errors.map(({ code }) => code)]).toEqual([400, ['PAGINATION_NUMBER_INVALID']])
    }
    expect(watched.calls).toEqual([])
  })

  test('a digest is deleted with its own tags, without a look at the others', { timeout: 60_000 }, async () => {
    const [digest, other] = [digestOf(encode('mine')), digestOf(encode('other'))]
    const record = (of: Digest) =>
      encode({ digest: of, mediaType: OCI_IMAGE_MANIFEST, size: 1, pushedAt: '', pushedBy: '' })
    const own = Array.from({ length: PAGE + 200 }, (_, i) => `own-${i}`)
    const moved = 'moved-on'
    fill(manifestKey(APP, digest), encode('mine'), OCI_IMAGE_MANIFEST)
    for (const tag of own) fill(prefix + tag, record(digest))
    fill(prefix + moved, record(other))
    for (const tag of [...own, moved]) fill(taggedPrefix(APP, digest) + tag)
    for (const tag of tags) fill(taggedPrefix(APP, other) + tag)

    watched.calls.length = 0
    const response = await registry.fetch(`/v2/large/app/manifests/${digest}`, { method: 'DELETE' })
    expect(response.status).toBe(202)
    await registry.idle()

    const calls = [...watched.calls]
    expect(calls.filter((call) => call.startsWith('list'))).toEqual(Array(2).fill(`list ${taggedPrefix(APP, digest)}`))
    const touched = calls
      .map((call) => /\/_(?:tags|history)\/([^/]+)/.exec(call)?.[1])
      .filter((tag) => tag !== undefined)
    expect(new Set(touched)).toEqual(new Set([...own, moved]))
    expect(calls.length).toBeLessThanOrEqual(4 * own.length + 5) // read, checked, deleted, told to the history
    const left = await get('/v2/large/app/tags/list?n=3&last=moved', 'tags')
    expect(left.entries[0]).toBe(moved)
    expect([...watched.objects.keys()].filter((key) => key.startsWith(prefix)).length).toBe(TAGS + 1)
  })
})

describe(`${REPOSITORIES} repositories`, () => {
  const names = Array.from(
    { length: REPOSITORIES - 1 },
    (_, i) => `team${['', '-x', '/x', '.x', '__x'][i % 5] ?? ''}${i}`,
  )
  const sorted = [...names, APP].sort()
  beforeAll(() => {
    for (const name of shuffled(sorted)) fill(catalogKey(name))
  })

  test.each([
    ['/v2/_catalog', PAGE],
    ['/v2/_catalog?n=777', 777],
  ])('%s: each once, in byte order, one listing a page and nothing else', async (path, length) => {
    const seen: string[] = []
    for await (const { entries, link, calls } of pages(path, 'repositories')) {
      expect(calls).toEqual(['list catalog/'])
      if (link !== null) expect(entries.length).toBe(length)
      seen.push(...entries)
    }
    expect(seen).toEqual(sorted)
  })

  test.each([
    ['?n=0', 0, 0, false],
    ['?n=5000', 0, PAGE, true],
    [`?n=2&last=${encodeURIComponent(sorted[4_999] ?? '')}`, 5_000, 2, true],
    [`?n=2&last=${encodeURIComponent(sorted[4_999] ?? '')}%20`, 5_000, 2, true],
    [`?n=2&last=${encodeURIComponent(sorted[REPOSITORIES - 2] ?? '')}`, REPOSITORIES - 1, 1, false],
  ])('%s', async (query, from, length, more) => {
    const { entries, link, calls } = await get(`/v2/_catalog${query}`, 'repositories')
    expect(entries).toEqual(sorted.slice(from, from + length))
    expect(link !== null).toBe(more)
    expect(calls.length).toBe(length === 0 ? 0 : 1)
  })
})

test(`${REFERRERS} referrers of one subject, some deleted since: a listing and a hundred reads a page`, async () => {
  const subject = digestOf(encode('a popular one'))
  const there = new Set<string>()
  for (let i = 0; i < REFERRERS; i++) {
    const { text, digest, mediaType } = imageOf(encode('config'), [], { annotations: { number: String(i) } })
    const referrer = parseDigest(digest)
    fill(referrerKey(APP, subject, referrer))
    if (i % 10 === 0) continue
    fill(manifestKey(APP, referrer), new TextEncoder().encode(text), mediaType)
    there.add(digest)
  }
  const seen: string[] = []
  let count = 0
  for await (const { entries, calls } of pages(`/v2/large/app/referrers/${subject}`, 'manifests')) {
    expect(calls.filter((call) => call.startsWith('list')).length).toBe(1)
    expect(calls.filter((call) => call.includes('/_manifests/')).length).toBe(100)
    expect(calls.length).toBeLessThanOrEqual(102) // on the first page, the tag that clients used before
    expect(entries.length).toBeLessThanOrEqual(100)
    seen.push(...entries)
    count++
  }
  expect(count).toBe(REFERRERS / 100)
  expect(seen.length).toBe(there.size)
  expect(new Set(seen)).toEqual(there)
})
