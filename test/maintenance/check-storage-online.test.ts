import { expect, test } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import { bytesOf, digestOf, pushBlob, pushImage } from '../suites/client.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'
import { watchedStore } from '../storage/support/stores.ts'
import { fillBucket } from './support/bucket.ts'
import { findingsOf } from './support/found.ts'

/** A registry and a check of the same bucket; `act` is called once, before the check's first such step. */
function meanwhile(step: string, act: (registry: ReturnType<typeof createMemoryRegistry>) => Promise<unknown>) {
  let acted = false
  const { store, objects, calls } = watchedStore({
    before: async () => {
      if (acted || !calls.at(-1)?.startsWith(step)) return
      acted = true
      await act(registry)
    },
  })
  const registry = createMemoryRegistry({ objects })
  return { registry, store, acted: () => acted }
}

const remove = (reference: string) => (registry: ReturnType<typeof createMemoryRegistry>) =>
  registry.fetch(`/v2/app/manifests/${reference}`, { method: 'DELETE' })

test.each([
  ['a tag is moved and its manifest deleted', 'get repositories/app/_tags/'],
  ['a manifest is deleted', 'head repositories/app/_manifests/'],
])('%s while it is looked at: no breach', async (_, step) => {
  const { registry, store, acted } = meanwhile(step, () => remove(image.digest)(registry))
  const image = await pushImage(registry, 'app', 'v1')
  const findings = await findingsOf(store)
  expect(acted()).toBe(true)
  expect(findings.filter(({ severity }) => severity === 'breach')).toEqual([])
})

test.each([
  ['before the refs are read', 'list refs/'],
  ['while a manifest is read', 'get repositories/app/_manifests/'],
  ['before the first listing', 'list '],
  ['while a holder is read', 'head refs/'],
])('an image is pushed %s: no breach, and no blob without holder', async (_, step) => {
  const { registry, store, acted } = meanwhile(step, (other) => pushImage(other, 'zzz', 'v2'))
  await pushImage(registry, 'app', 'v1')
  await pushBlob(registry, 'app', bytesOf(1))
  const { objects } = registry
  await objects.put(`blobs/sha256/${'f'.repeat(64)}`, new Uint8Array(0)) // so that a blob is looked up among the refs
  expect((await findingsOf(store)).map(({ kind }) => kind)).toEqual(['blob-without-holder'])
  expect(acted()).toBe(step !== '')
})

test('an image is pushed behind the cursor of the blobs: its holders are found by asking', async () => {
  const { registry, store } = meanwhile('list blobs/', () => Promise.resolve())
  await pushImage(registry, 'app', 'v1')
  const pushed = bytesOf(10)
  const listed = store.list.bind(store)
  const late = {
    ...store,
    list: async (...args: Parameters<typeof listed>) => {
      const page = await listed(...args)
      if (args[0] === 'blobs/') await pushBlob(registry, 'app', pushed)
      return args[0] === '' ? listed(...args) : page
    },
  }
  expect(await findingsOf(late)).toEqual([])
  expect(await registry.keys()).toContain(`blobs/${digestOf(pushed).replace(':', '/')}`)
})

test('a bucket larger than a page is read whole, a page at a time', async () => {
  const { store, objects, calls } = watchedStore()
  const { registry } = await fillBucket()
  for (const key of await registry.keys()) {
    const found = await registry.objects.get(key)
    if (found !== null) objects.set(key, found)
  }
  for (let i = 0; i < 2500; i++) {
    const digest = digestOf(String(i)).replace(':', '/')
    await store.put(`blobs/${digest}`, new Uint8Array(0))
    if (i % 50 > 0) await store.put(`refs/${digest}/app/@`, new Uint8Array(0), { metadata: { size: '0' } })
  }
  calls.length = 0
  let count = 0
  const findings = await findingsOf(store, { onObject: () => count++ })
  expect(count).toBe(objects.size)
  expect(findings.map(({ kind }) => kind)).toEqual(Array<string>(50).fill('blob-without-holder'))
  // Two walks by pages of a thousand, and one look for each of the 50 and once more.
  const pages = Math.ceil(objects.size / 1000) + Math.ceil(2505 / 1000)
  expect(calls.filter((call) => call.startsWith('list '))).toHaveLength(pages + 2 * 50)
})

test('costs what it says: requests for each object', async () => {
  const { registry } = await fillBucket()
  const { store, objects, calls } = watchedStore()
  for (const key of await registry.keys()) {
    const found = await registry.objects.get(key)
    if (found !== null) objects.set(key, found)
  }
  await findingsOf(store)
  const holders = [...objects.keys()].filter((key) => key.endsWith('/@'))
  const distinct = (prefix: string) => new Set(calls.filter((call) => call.startsWith(prefix))).size
  expect(calls.filter((call) => call.startsWith('open '))).toEqual([])
  expect(calls.length).toBeLessThan(1.5 * objects.size)
  expect(distinct('head refs/')).toBe([...objects.keys()].filter((key) => key.startsWith('refs/')).length)
  expect(holders.length).toBeGreaterThan(0)
})

test('a blob whose bytes break off is read again; one that never ends well is no breach', async () => {
  const { registry } = await fillBucket()
  let broken = 0
  const breaking = (times: number) => ({
    ...registry.objects,
    open: async (key: string) => {
      const stream = await registry.objects.open(key)
      if (++broken > times || stream === null) return stream
      return stream.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform() {
            throw new Error('the connection is lost')
          },
        }),
      )
    },
  })
  expect(await findingsOf(breaking(2), { verify: true })).toEqual([])
  broken = 0
  await expect(findingsOf(breaking(1000), { verify: true })).rejects.toThrow(RegistryError)
})

test.each(['head', 'get', 'list'] as const)(
  'storage that cannot be read (%s) ends the check: it is no breach',
  async (method) => {
    const { registry } = await fillBucket()
    const failing = { ...registry.objects, [method]: () => Promise.reject(new RegistryError('UNAVAILABLE')) }
    await expect(findingsOf(failing)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  },
)
