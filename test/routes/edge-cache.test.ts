import { beforeEach, describe, expect, test } from 'vitest'

import type { StoredObject } from '../../src/storage/object-store.ts'
import { createMemoryEdgeCache } from '../../src/storage/memory/memory-edge-cache.ts'
import { createMemoryTagIndex } from '../../src/storage/memory/memory-tag-index.ts'
import { digestOf, outcome, pushBlob, pushImage, type TestManifest } from '../suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../suites/registry-under-test.ts'

const LIFETIME_MS = 60_000

/** Two locations of one registry: one bucket, one KV without delay, and an edge cache of each. */
let here: MemoryRegistry
let elsewhere: MemoryRegistry
let now: number
const calls: string[] = []

beforeEach(() => {
  now = 0
  const objects = new Map<string, StoredObject>()
  const tagIndex = createMemoryTagIndex()
  const open = () =>
    createMemoryRegistry({
      objects,
      services: { tagIndex, edgeCache: createMemoryEdgeCache(LIFETIME_MS, () => now) },
      wrap: (store) =>
        new Proxy(store, {
          get(target, name, receiver) {
            const value: unknown = Reflect.get(target, name, receiver)
            if (typeof value !== 'function' || name === 'presignGet') return value
            return (...args: unknown[]) => {
              calls.push(`${String(name)} ${String(args[0])}`)
              return (value as (...all: unknown[]) => unknown)(...args)
            }
          },
        }),
    })
  here = open()
  elsewhere = open()
})

/** Status, code and storage calls of one request. */
async function ask(registry: MemoryRegistry, method: string, path: string): Promise<[string, number]> {
  calls.length = 0
  const answer = await outcome(await registry.fetch(path, { method }))
  await registry.idle()
  return [answer, calls.length]
}

describe.each([
  ['a manifest by tag', (image: TestManifest) => (image.digest === '' ? '' : '/v2/app/manifests/v1'), '200'],
  ['a manifest by digest', (image: TestManifest) => `/v2/app/manifests/${image.digest}`, '200'],
  ['a blob', () => `/v2/app/blobs/${digestOf(LAYER)}`, '307'],
])('%s', (_, pathOf, status) => {
  let path: string
  beforeEach(async () => {
    path = pathOf(await pushImage(here, 'app', 'v1'))
    await pushBlob(here, 'app', LAYER)
  })

  test('costs one storage operation, and then none until its time is over', async () => {
    expect(await ask(here, 'GET', path)).toEqual([status, 1])
    for (let time = 0; time < 3; time++) expect(await ask(here, 'GET', path)).toEqual([status, 0])
    expect(await ask(elsewhere, 'GET', path)).toEqual([status, 1])
    now = LIFETIME_MS
    expect(await ask(here, 'GET', path)).toEqual([status, 1])
  })

  test('is asked of storage by a HEAD, with which a pusher asks whether to send it', async () => {
    for (let time = 0; time < 3; time++) {
      await ask(here, 'GET', path)
      expect(await ask(here, 'HEAD', path)).toEqual(['200', 1])
    }
  })

  test('answers the same from the edge', async () => {
    const [first, second] = [await here.fetch(path), await here.fetch(path)]
    for (const name of ['Content-Type', 'Content-Length', 'Docker-Content-Digest', 'ETag'])
      expect(second.headers.get(name), name).toBe(first.headers.get(name))
    expect(await second.text()).toBe(await first.text())
  })

  test('is not for another repository', async () => {
    await ask(here, 'GET', path)
    expect((await ask(here, 'GET', path.replace('/v2/app/', '/v2/other/')))[0]).toMatch(/^404 (MANIFEST|BLOB)_UNKNOWN$/)
  })
})

test('nothing that is not there is remembered', async () => {
  const digest = digestOf(LAYER)
  expect((await ask(here, 'GET', `/v2/app/blobs/${digest}`))[0]).toBe('404 BLOB_UNKNOWN')
  await pushBlob(here, 'app', LAYER)
  expect((await ask(here, 'GET', `/v2/app/blobs/${digest}`))[0]).toBe('307')
})

test('what is deleted is gone here at once, elsewhere when its time is over, and everywhere for a HEAD', async () => {
  const image = await pushImage(here, 'app', 'v1')
  await pushBlob(here, 'app', LAYER)
  const paths = [`/v2/app/manifests/${image.digest}`, `/v2/app/blobs/${digestOf(LAYER)}`]
  for (const path of paths) {
    for (const registry of [here, elsewhere]) await ask(registry, 'GET', path)
    expect((await ask(here, 'DELETE', path))[0]).toBe('202')
    expect((await ask(here, 'GET', path))[0]).toMatch(/^404/)
    expect((await ask(elsewhere, 'GET', path))[0]).toMatch(/^(200|307)/)
    expect((await ask(elsewhere, 'HEAD', path))[0]).toMatch(/^404/)
  }
  expect((await ask(elsewhere, 'GET', '/v2/app/manifests/v1'))[0]).toBe('404 MANIFEST_UNKNOWN') // its tag went too
  now = LIFETIME_MS
  for (const path of paths) expect((await ask(elsewhere, 'GET', path))[0]).toMatch(/^404/)
})

const LAYER = new TextEncoder().encode('a layer')
