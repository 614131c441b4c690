import { expect, test } from 'vitest'

import { createMemoryEdgeCache } from '../../src/storage/memory/memory-edge-cache.ts'
import { describeEdgeCache } from '../contract/edge-cache.ts'

describeEdgeCache('memory', () => createMemoryEdgeCache(60_000))

test('an entry vanishes when its time is over', async () => {
  let now = 0
  const cache = createMemoryEdgeCache(60_000, () => now)
  const key = new URL('http://registry.test/_edge/a')
  await cache.put(key, { bytes: new Uint8Array(1), note: '' })
  now = 59_999
  expect(await cache.get(key)).not.toBeNull()
  now = 60_000
  expect(await cache.get(key)).toBeNull()
})
