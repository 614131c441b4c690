import { describe, expect, test } from 'vitest'

import { reindexTags, type ReindexPoint } from '../../src/maintenance/reindex-tags.ts'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { RegistryError } from '../../src/oci/errors.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { deleteTag, setTag, type TagStores } from '../../src/registry/tags.ts'
import { createMemoryObjectStore } from '../../src/storage/memory/memory-object-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { Repositories } from '../../src/storage/repositories.ts'
import type { ListedTagIndex } from '../../src/storage/tag-index.ts'
import { Tags } from '../../src/storage/tags.ts'
import { everyInterleaving } from '../registry/interleave.ts'
import { listedTagIndex } from './support/listed-tag-index.ts'

const app = parseRepositoryName('app')
const v1 = parseTag('v1')
const how = { at: new Date(0), by: 'somebody' }

function recordOf(text: string) {
  const digest = digestOf(new TextEncoder().encode(text))
  return { digest, mediaType: 'application/test', size: text.length, pushedAt: how.at.toISOString(), pushedBy: how.by }
}

/** `tags` of each repository; every record points to something of its own. */
async function bucketOf(repositories: Readonly<Record<string, readonly string[]>>): Promise<ObjectStore> {
  const objects = createMemoryObjectStore()
  for (const [name, tags] of Object.entries(repositories)) {
    await new Repositories(objects).create(parseRepositoryName(name), how.at)
    for (const tag of tags)
      await new Tags(objects).put(parseRepositoryName(name), parseTag(tag), recordOf(`${name}:${tag}`))
  }
  return objects
}

/** What the index must say of that bucket. */
function entriesOf(repositories: Readonly<Record<string, readonly string[]>>): [string, string][] {
  return Object.entries(repositories).flatMap(([name, tags]) =>
    tags.map((tag): [string, string] => [`tag:${name}:${tag}`, recordOf(`${name}:${tag}`).digest]),
  )
}

const digestsIn = (entries: Map<string, Descriptor>) =>
  [...entries].map(([key, { digest }]): [string, string] => [key, digest]).sort()

const MANY = Array.from({ length: 250 }, (_, at) => `v${String(at).padStart(3, '0')}`)
const REPOSITORIES = { app: ['latest', 'v1'], 'app/0': ['v1'], 'app/big': MANY, empty: [], 'z-last': ['A', 'a'] }

test.each([
  ['an empty index', [], 0],
  [
    'a poisoned one',
    [
      ['tag:app:v1', 'x'],
      ['tag:z-last:A', 'y'],
    ],
    0,
  ],
  [
    'one with tags that are gone',
    [
      ['tag:app:gone', 'x'],
      ['tag:gone:v1', 'x'],
      ['tag:empty:v1', 'y'],
    ],
    3,
  ],
  ['one with many of them', MANY.map((tag) => [`tag:other:${tag}`, 'x']), 250],
] as const)('%s says afterwards what storage says', async (_, before, removed) => {
  const objects = await bucketOf(REPOSITORIES)
  const entries = new Map<string, Descriptor>(before.map(([key = '', text = '']) => [key, recordOf(text)]))
  const result = await reindexTags(objects, listedTagIndex(entries), { from: null })
  expect(result).toEqual({ tags: 255, removed })
  expect(digestsIn(entries)).toEqual(entriesOf(REPOSITORIES).sort())
  expect(entries.get('tag:app:v1')).toMatchObject({ mediaType: 'application/test', size: 'app:v1'.length })
})

test('broken off at any write and continued from what it told last, all is indexed', async () => {
  const objects = await bucketOf(REPOSITORIES)
  for (const failing of [0, 1, 2, 3, 50, 102, 103, 104, 180, 253, 254]) {
    const entries = new Map<string, Descriptor>([['tag:gone:v1', recordOf('x')]])
    const index = listedTagIndex(entries)
    let writes = 0
    let point: ReindexPoint | null = null
    const breaking: ListedTagIndex = {
      ...index,
      put: (...args) => (writes++ === failing ? Promise.reject(new RegistryError('UNAVAILABLE')) : index.put(...args)),
    }
    const first = reindexTags(objects, breaking, { from: null, onProgress: (told) => (point = told) })
    await expect(first).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const before = writes
    await reindexTags(objects, breaking, { from: point })
    expect(digestsIn(entries), `broken off at ${failing}`).toEqual(entriesOf(REPOSITORIES).sort())
    // What was done is not done again, but for the page that was under way.
    expect(writes - before).toBeLessThanOrEqual(255 - Math.max(failing - 106, 0))
  }
})

test.each([
  [{ repository: app, tag: null }, ['app', 'app/0', 'app/big', 'z-last']],
  [{ repository: app, tag: v1 }, ['app/0', 'app/big', 'z-last']],
  [{ repository: parseRepositoryName('app/a'), tag: null }, ['app/big', 'z-last']], // that is no repository any more
  [{ repository: parseRepositoryName('z-last'), tag: null }, ['z-last']],
  [{ repository: parseRepositoryName('zz'), tag: null }, []],
])('from %j on: %j', async (from, want) => {
  const entries = new Map<string, Descriptor>()
  await reindexTags(await bucketOf(REPOSITORIES), listedTagIndex(entries), { from })
  expect([...new Set([...entries.keys()].map((key) => key.split(':')[1]))].sort()).toEqual(want)
})

test('it tells how far it has come, and never more than is done', async () => {
  const objects = await bucketOf(REPOSITORIES)
  const entries = new Map<string, Descriptor>()
  const told: string[] = []
  await reindexTags(objects, listedTagIndex(entries), {
    from: null,
    onProgress: ({ repository, tag }, tags) => {
      told.push(`${repository}:${tag ?? ''} ${tags}`)
      expect(entries.size).toBe(tags)
    },
  })
  expect(told).toEqual([
    'app: 0',
    'app:v1 2',
    'app/0: 2',
    'app/0:v1 3',
    'app/big: 3',
    'app/big:v099 103',
    'app/big:v199 203',
    'app/big:v249 253',
    'empty: 253',
    'z-last: 253',
    'z-last:a 255',
  ])
})

test('a record that cannot be read is told, has no entry any more, and holds nothing up', async () => {
  const objects = await bucketOf({ app: ['v0', 'v1', 'v2'] })
  await objects.put('repositories/app/_tags/v1', new TextEncoder().encode('{'))
  const entries = new Map<string, Descriptor>([['tag:app:v1', recordOf('x')]])
  const told: string[] = []
  const result = await reindexTags(objects, listedTagIndex(entries), {
    from: null,
    onUnreadable: (repository, tag) => told.push(`${repository}:${tag}`),
  })
  expect(told).toEqual(['app:v1'])
  expect(result).toEqual({ tags: 2, removed: 0 })
  expect([...entries.keys()].sort()).toEqual(['tag:app:v0', 'tag:app:v2'])
})

test('storage that cannot be read ends it, and takes no entry away', async () => {
  const objects = await bucketOf({ app: ['v1'] })
  const entries = new Map<string, Descriptor>([['tag:app:v1', recordOf('app:v1')]])
  const failing = { ...objects, head: () => Promise.reject(new RegistryError('UNAVAILABLE')) }
  await expect(reindexTags(failing, listedTagIndex(entries), { from: null })).rejects.toThrow(RegistryError)
  expect(entries.size).toBe(1)
})

describe('while the registry is used', () => {
  const PUSH = (stores: TagStores) => setTag(stores, app, v1, recordOf('pushed'))
  const DELETE = (stores: TagStores) => deleteTag(stores, app, v1, how)

  test.each([
    ['a push moves the tag', PUSH, true, 10],
    ['a push makes the tag', PUSH, false, 10],
    ['the tag is deleted', DELETE, true, 10],
    ['the tag that is gone is deleted', DELETE, false, 6], // two steps of each: all of their orders
  ] as const)('%s, in every order: KV never contradicts storage', async (_, act, existed, least) => {
    const orders = await everyInterleaving((instrument) => {
      const objects = createMemoryObjectStore()
      // Of both cases KV has something wrong to say.
      const entries = new Map<string, Descriptor>([['tag:app:v1', recordOf('long ago')]])
      void objects.put('catalog/app!', new Uint8Array(0))
      const record = new TextEncoder().encode(JSON.stringify(recordOf('before')))
      if (existed) void objects.put('repositories/app/_tags/v1', record)
      const index = listedTagIndex(entries)
      // A listing only decides what is looked at.
      const seen: ObjectStore = { ...instrument(objects), list: (...args) => objects.list(...args) }
      const tagIndex: ListedTagIndex = { ...instrument(index), list: (cursor) => index.list(cursor) }
      return {
        actors: [() => reindexTags(seen, tagIndex, { from: null }), () => act({ tags: new Tags(seen), tagIndex })],
        check: async (order) => {
          const truth = (await new Tags(objects).get(app, v1))?.digest
          expect([undefined, truth], `order ${order}`).toContain(entries.get('tag:app:v1')?.digest)
        },
      }
    })
    expect(orders).toBeGreaterThanOrEqual(least)
  })
})
