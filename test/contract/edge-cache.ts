import { describe, expect, test } from 'vitest'

import type { EdgeCache } from '../../src/storage/edge-cache.ts'

/** What src/storage/edge-cache.ts promises, asked of an adapter that has just been opened and forgets nothing yet. */
export function describeEdgeCache(name: string, open: () => EdgeCache): void {
  describe(`${name} keeps the contract of an edge cache`, () => {
    test('what was never put is null', async () => {
      expect(await open().get(ownKey())).toBeNull()
    })

    test.each([0, 1, 70_000])('%i bytes and their note come back', async (size) => {
      const [cache, key] = [open(), ownKey()]
      const bytes = Uint8Array.from({ length: size }, (_, at) => at & 0xff)
      await cache.put(key, { bytes, note: 'application/vnd.oci.image.manifest.v1+json' })
      expect(await cache.get(key)).toMatchObject({ bytes, note: 'application/vnd.oci.image.manifest.v1+json' })
    })

    test('what is put again replaces what was there', async () => {
      const [cache, key] = [open(), ownKey()]
      for (const note of ['1', '2']) await cache.put(key, { bytes: new TextEncoder().encode(note), note })
      expect(await cache.get(key)).toMatchObject({ bytes: new TextEncoder().encode('2'), note: '2' })
    })

    test('what was deleted is null, also when it was never there', async () => {
      const [cache, key, other] = [open(), ownKey(), ownKey()]
      for (const at of [key, other]) await cache.put(at, { bytes: new Uint8Array(1), note: '' })
      await cache.delete(key)
      await cache.delete(key)
      expect(await cache.get(key)).toBeNull()
      expect(await cache.get(other)).not.toBeNull()
    })
  })
}

function ownKey(): URL {
  return new URL(`http://registry.test/_edge/manifests/team/app/${crypto.randomUUID()}`)
}
