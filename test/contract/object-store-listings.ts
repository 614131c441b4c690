import { describe, expect, test } from 'vitest'

import type { ObjectStore } from '../../src/storage/object-store.ts'
import { bytesOf, ownFolder, type ObjectStoreContract } from './support/objects.ts'

/** Part of `describeObjectStore`. */
export function describeListings(open: ObjectStoreContract['open']): void {
  describe('a listing', () => {
    const IN_ORDER = [
      '!',
      '-',
      '.a',
      '0',
      '@',
      '@sha256-0',
      'A',
      '_a',
      'a',
      'a!',
      'a-b',
      'a.b',
      'a/b',
      'a/c',
      'a0',
      'b',
    ]

    async function folderOf(names: readonly string[]): Promise<[ObjectStore, string]> {
      const [store, folder] = [await open(), ownFolder()]
      const neighbours = [folder.slice(0, -1), `${folder.slice(0, -1)}-neighbour/a`]
      const keys = [...names.map((name) => folder + name), ...neighbours].reverse() // not in the answer's order
      await Promise.all(keys.map((key) => store.put(key, bytesOf(Math.max(key.length - folder.length, 0)))))
      return [store, folder]
    }

    test('has every key below the prefix with its size, in byte order', async () => {
      const [store, folder] = await folderOf(IN_ORDER)
      const objects = IN_ORDER.map((name) => ({ key: folder + name, size: name.length }))
      expect(await store.list(folder, { limit: 100 })).toEqual({ objects, more: false })
      expect(await store.list(folder, { limit: IN_ORDER.length })).toEqual({ objects, more: false })
    })

    test.each([
      ['a/', '', 100, ['b', 'c'], false], // `a` and `a0` are beside it, not in it
      ['a/', 'b', 100, ['c'], false],
      ['', 'a', 2, ['a!', 'a-b'], true],
      ['', 'a-', 2, ['a-b', 'a.b'], true], // no such key
      ['', 'a0', 2, ['b'], false],
      ['', 'b', 2, [], false],
      ['', 'zzz', 2, [], false],
      ['', '', 1, ['!'], true],
      ['none/', '', 100, [], false],
    ])('of "%s" after "%s", at most %i: %j, more %s', async (sub, after, limit, names, more) => {
      const [store, folder] = await folderOf(IN_ORDER)
      const listing = await store.list(folder + sub, { after, limit })
      expect(listing.objects.map(({ key }) => key)).toEqual(names.map((name) => folder + sub + name))
      expect(listing.more).toBe(more)
    })

    test.each([1, 3, 4, 8])('by pages of %i has every key once', async (limit) => {
      const [store, folder] = await folderOf(IN_ORDER)
      const seen: string[] = []
      for (let more = true; more;) {
        const page = await store.list(folder, { after: seen.at(-1) ?? '', limit })
        seen.push(...page.objects.map(({ key }) => key.slice(folder.length)))
        more = page.more
      }
      expect(seen).toEqual(IN_ORDER)
    })

    test('shows a write and a deletion at once', async () => {
      const [store, folder] = await folderOf(['a', 'b'])
      await store.put(`${folder}c`, bytesOf(1))
      await store.delete(`${folder}a`)
      const { objects } = await store.list(folder, { limit: 10 })
      expect(objects.map(({ key }) => key)).toEqual([`${folder}b`, `${folder}c`])
    })
  })
}
