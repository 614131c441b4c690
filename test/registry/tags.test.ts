import { expect, test } from 'vitest'

import type { Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { deleteTag, resolveTag, setTag } from '../../src/registry/tags.ts'
import { createMemoryObjectStore } from '../../src/storage/memory/memory-object-store.ts'
import { createMemoryTagIndex } from '../../src/storage/memory/memory-tag-index.ts'
import { Tags } from '../../src/storage/tags.ts'
import { everyInterleaving } from './interleave.ts'

const repository = parseRepositoryName('app')
const tag = parseTag('v1')
const how = { at: new Date(0), by: 'somebody' }

function recordOf(text: string) {
  const digest = digestOf(new TextEncoder().encode(text))
  return { digest, mediaType: 'application/test', size: text.length, pushedAt: how.at.toISOString(), pushedBy: how.by }
}

type Instrument = <T extends object>(store: T) => T
type Stores = Parameters<typeof setTag>[0]

const PUSH_A = (stores: Stores) => setTag(stores, repository, tag, recordOf('a'))
const PUSH_B = (stores: Stores) => setTag(stores, repository, tag, recordOf('b'))
const DELETE = (stores: Stores) => deleteTag(stores, repository, tag, how)
const READ = async (stores: Stores) => {
  const filling: Promise<unknown>[] = []
  await resolveTag(stores, repository, tag, (work) => filling.push(work))
  await Promise.all(filling)
}

test.each([
  ['two pushes', [PUSH_A, PUSH_B]],
  ['a push and a deletion', [PUSH_A, DELETE]],
  ['a push and a reader that fills KV', [PUSH_B, READ]],
  ['a deletion and a reader that fills KV', [DELETE, READ]],
  ['two deletions', [DELETE, DELETE]],
] as const)('%s, in every order: KV never contradicts storage', async (_, actors) => {
  const orders = await everyInterleaving((instrument: Instrument) => {
    const entries = new Map<string, Descriptor>()
    const objects = createMemoryObjectStore()
    const tags = new Tags(objects)
    const stores = { tags: new Tags(instrument(objects)), tagIndex: instrument(createMemoryTagIndex(entries)) }
    // The tag points to something already, of which KV knows nothing.
    void objects.put('repositories/app/_tags/v1', new TextEncoder().encode(JSON.stringify(recordOf('before'))))
    return {
      actors: actors.map((actor) => () => actor(stores)),
      check: async (order) => {
        const truth = (await tags.get(repository, tag))?.digest
        const indexed = entries.get('tag:app:v1')?.digest
        expect([undefined, truth], `order ${order}`).toContain(indexed)
      },
    }
  })
  expect(orders).toBeGreaterThan(5)
})

test('the explorer finds what the second look at the record is for', async () => {
  const setTagWithoutLook = async ({ tags, tagIndex }: Stores, text: string) => {
    await tags.put(repository, tag, recordOf(text))
    await tagIndex.put(repository, tag, recordOf(text))
  }
  let contradictions = 0
  await everyInterleaving((instrument: Instrument) => {
    const entries = new Map<string, Descriptor>()
    const objects = createMemoryObjectStore()
    const stores = { tags: new Tags(instrument(objects)), tagIndex: instrument(createMemoryTagIndex(entries)) }
    return {
      actors: [() => setTagWithoutLook(stores, 'a'), () => setTagWithoutLook(stores, 'b')],
      check: async () => {
        const truth = await new Tags(objects).get(repository, tag)
        if (entries.get('tag:app:v1')?.digest !== truth?.digest) contradictions++
      },
    }
  })
  expect(contradictions).toBeGreaterThan(0)
})
