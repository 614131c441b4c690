import { describe, expect, test } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { bytesOf, closing, digestOf, locationOf, outcome, pullBlob, startUpload } from '../suites/client.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'

/** A store that refuses the first write of that kind below `prefix`. */
function refusingOnce(objects: ObjectStore, method: 'put' | 'delete', prefix: string): ObjectStore {
  let refused = false
  return {
    ...objects,
    [method]: (...args: Parameters<ObjectStore['put']>) => {
      if (refused || !args[0].startsWith(prefix)) return objects[method](...args)
      refused = true
      return Promise.reject(new RegistryError('UNAVAILABLE'))
    },
  }
}

describe('a closing PUT that brings the last chunk', () => {
  const bytes = bytesOf(100)
  const last = { method: 'PUT', body: bytes.slice(60), headers: { 'Content-Range': '60-99' } }

  test.each([
    ['the blob', 'put', 'blobs/'],
    ['the hold on it', 'put', 'refs/'],
  ] as const)('can be repeated as it was when %s failed', async (_, method, prefix) => {
    const registry = createMemoryRegistry({ wrap: (objects) => refusingOnce(objects, method, prefix) })
    const first = await registry.fetch(await startUpload(registry, 'app'), {
      method: 'PATCH',
      body: bytes.slice(0, 60),
    })
    const location = closing(locationOf(first), digestOf(bytes))
    expect(await outcome(await registry.fetch(location, last))).toBe('503 UNAVAILABLE')
    expect(await outcome(await registry.fetch(location, last))).toBe('201')
    expect(await pullBlob(registry, 'app', digestOf(bytes))).toEqual(bytes)
  })

  test('succeeds when the chunks cannot be removed: what it promised is there', async () => {
    const registry = createMemoryRegistry({ wrap: (objects) => refusingOnce(objects, 'delete', 'uploads/') })
    const first = await registry.fetch(await startUpload(registry, 'app'), {
      method: 'PATCH',
      body: bytes.slice(0, 60),
    })
    const location = closing(locationOf(first), digestOf(bytes))
    expect(await outcome(await registry.fetch(location, last))).toBe('201')
    expect(await pullBlob(registry, 'app', digestOf(bytes))).toEqual(bytes)
  })

  test('of a wrong digest leaves the upload as it was', async () => {
    const registry = createMemoryRegistry()
    const first = await registry.fetch(await startUpload(registry, 'app'), {
      method: 'PATCH',
      body: bytes.slice(0, 60),
    })
    const before = await registry.keys()
    const wrong = closing(locationOf(first), digestOf('else'))
    expect(await outcome(await registry.fetch(wrong, last))).toBe('400 DIGEST_INVALID')
    expect(await registry.keys()).toEqual(before)
    const right = closing(locationOf(first), digestOf(bytes))
    expect(await outcome(await registry.fetch(right, last))).toBe('201')
  })
})
