import { expect, test } from 'vitest'

import { digestOf } from '../../src/oci/digest.ts'
import { RegistryError } from '../../src/oci/errors.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { createMemoryTagIndex } from '../../src/storage/memory/memory-tag-index.ts'
import type { TagIndex } from '../../src/storage/tag-index.ts'
import { outcome, pushImage, putManifest } from '../suites/client.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'

const app = parseRepositoryName('app')
const v1 = parseTag('v1')

/** KV as a location sees it that was told of nothing. */
const KNOWS_NOTHING: TagIndex = { ...createMemoryTagIndex(), get: () => Promise.resolve(null) }

function refusing(what: 'put' | 'delete', times: number): TagIndex {
  const index = createMemoryTagIndex()
  let left = times
  return {
    ...index,
    [what]: (...args: Parameters<TagIndex['put']>) => {
      if (left-- > 0) throw new RegistryError('UNAVAILABLE')
      return index[what](...args)
    },
  }
}

test('what KV does not know is found in storage, and KV is told', async () => {
  const tagIndex = createMemoryTagIndex()
  const registry = createMemoryRegistry({ services: { tagIndex } })
  const image = await pushImage(registry, 'app', 'v1')
  await tagIndex.delete(app, v1)
  const response = await registry.fetch('/v2/app/manifests/v1')
  expect(response.headers.get('Docker-Content-Digest')).toBe(image.digest)
  await registry.idle()
  expect((await tagIndex.get(app, v1))?.digest).toBe(image.digest)
})

test('a tag that was asked for before it was pushed is there at once where KV still says absent', async () => {
  const registry = createMemoryRegistry({ services: { tagIndex: KNOWS_NOTHING } })
  expect(await outcome(await registry.fetch('/v2/app/manifests/v1'))).toBe('404 MANIFEST_UNKNOWN')
  const image = await pushImage(registry, 'app', 'v1')
  const response = await registry.fetch('/v2/app/manifests/v1', { method: 'HEAD' })
  expect(response.headers.get('Docker-Content-Digest')).toBe(image.digest)
})

test('KV points to what the tag has left: by its own rule the old manifest, and never a deleted one', async () => {
  const tagIndex = createMemoryTagIndex()
  const registry = createMemoryRegistry({ services: { tagIndex } })
  const before = await pushImage(registry, 'app', 'v1')
  const stale = await tagIndex.get(app, v1)
  if (stale === null) throw new Error('KV was not told')
  const after = await pushImage(registry, 'app', 'v1')

  await tagIndex.put(app, v1, stale)
  const old = await registry.fetch('/v2/app/manifests/v1')
  expect(old.headers.get('Docker-Content-Digest')).toBe(before.digest) // up to a minute, in another location

  expect((await registry.fetch(`/v2/app/manifests/${before.digest}`, { method: 'DELETE' })).status).toBe(202)
  await tagIndex.put(app, v1, stale)
  const moved = await registry.fetch('/v2/app/manifests/v1')
  expect(moved.headers.get('Docker-Content-Digest')).toBe(after.digest)

  expect((await registry.fetch(`/v2/app/manifests/${after.digest}`, { method: 'DELETE' })).status).toBe(202)
  await tagIndex.put(app, v1, stale)
  expect(await outcome(await registry.fetch('/v2/app/manifests/v1'))).toBe('404 MANIFEST_UNKNOWN')
})

test('TAG_READS=fresh asks storage each time', async () => {
  const tagIndex = createMemoryTagIndex()
  const registry = createMemoryRegistry({ services: { tagIndex, freshTagReads: true } })
  await pushImage(registry, 'app', 'v1')
  const stale = await tagIndex.get(app, v1)
  const after = await pushImage(registry, 'app', 'v1')
  if (stale !== null) await tagIndex.put(app, v1, stale)
  const response = await registry.fetch('/v2/app/manifests/v1')
  expect(response.headers.get('Docker-Content-Digest')).toBe(after.digest)
})

test('a push fails when KV refuses for good, nothing is wrong meanwhile, and repeating it succeeds', async () => {
  const registry = createMemoryRegistry({ services: { tagIndex: refusing('put', 1) } })
  await expect(pushImage(registry, 'app', 'v1')).rejects.toThrow('503 UNAVAILABLE')
  const pulled = await registry.fetch('/v2/app/manifests/v1')
  expect(pulled.status).toBe(200)
  const image = { text: await pulled.text(), mediaType: pulled.headers.get('Content-Type') ?? '' }
  expect(await outcome(await putManifest(registry, 'app', 'v1', image))).toBe('201')
})

test('a deletion that KV refused is finished by repeating it', async () => {
  const tagIndex = refusing('delete', 1)
  const registry = createMemoryRegistry({ services: { tagIndex } })
  await pushImage(registry, 'app', 'v1')
  const remove = () => registry.fetch('/v2/app/manifests/v1', { method: 'DELETE' })
  expect(await outcome(await remove())).toBe('503 UNAVAILABLE')
  expect((await tagIndex.get(app, v1)) === null).toBe(false)
  expect(await outcome(await remove())).toBe('404 MANIFEST_UNKNOWN') // the record was gone, the key goes now
  expect(await tagIndex.get(app, v1)).toBeNull()
})

test('a move whose history cannot be written fails, and KV does not stay behind', async () => {
  const tagIndex = createMemoryTagIndex()
  let broken = false
  const registry = createMemoryRegistry({
    services: { tagIndex },
    wrap: (objects) => ({
      ...objects,
      put: (key, ...rest) => {
        if (broken && key.includes('/_history/')) throw new RegistryError('UNAVAILABLE')
        return objects.put(key, ...rest)
      },
    }),
  })
  const before = await pushImage(registry, 'app', 'v1')
  broken = true
  const image = { text: before.text.replace('{', '{ '), mediaType: before.mediaType }
  expect(await outcome(await putManifest(registry, 'app', 'v1', image))).toBe('503 UNAVAILABLE')
  expect((await tagIndex.get(app, v1))?.digest).toBe(digestOf(new TextEncoder().encode(image.text)))
  expect(await outcome(await registry.fetch('/v2/app/manifests/v1', { method: 'DELETE' }))).toBe('503 UNAVAILABLE')
  expect(await tagIndex.get(app, v1)).toBeNull()
})

test('what a push has begun runs on when the client has gone', async () => {
  const registry = createMemoryRegistry()
  const before = await pushImage(registry, 'app', 'v1')
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const put = registry.services.tags.put.bind(registry.services.tags)
  registry.services.tags.put = async (...args) => {
    await promise
    await put(...args)
  }
  const image = { text: before.text.replace('{', '{ '), mediaType: before.mediaType }
  void putManifest(registry, 'app', 'v1', image) // nobody awaits it
  await new Promise((done) => setTimeout(done, 10))
  resolve(undefined)
  await registry.idle()
  const after = await registry.services.tagIndex.get(app, v1)
  expect(after?.digest).toBe(digestOf(new TextEncoder().encode(image.text)))
})
