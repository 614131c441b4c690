import { expect, test } from 'vitest'

import { emptyTally, logAs } from '../../src/log.ts'
import { RegistryError } from '../../src/oci/errors.ts'
import { SCHEMA_KEY } from '../../src/storage/keys.ts'
import { createMemoryObjectStore } from '../../src/storage/memory/memory-object-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { checkingSchema, SCHEMA_VERSION } from '../../src/storage/schema-version.ts'
import { describeObjectStore } from '../contract/object-store.ts'
import { bytesOf, streamOf } from '../suites/client.ts'

describeObjectStore('A store whose schema is checked', {
  open: async (limits = {}) => {
    const objects = createMemoryObjectStore({ limits })
    await mark(objects, SCHEMA_VERSION)
    return checkingSchema(objects)
  },
  reachable: false,
})

type Operation = readonly [name: string, run: (objects: ObjectStore) => Promise<unknown>]

const READS: readonly Operation[] = [
  ['head', (objects) => objects.head('a')],
  ['get', (objects) => objects.get('a')],
  ['open', (objects) => objects.open('a')],
  ['list', (objects) => objects.list('', { limit: 1 })],
]
const WRITES: readonly Operation[] = [
  ['put', (objects) => objects.put('a', bytesOf(1))],
  ['putStream', (objects) => objects.putStream('a', streamOf(bytesOf(1)), 1)],
  ['startMultipart', (objects) => objects.startMultipart('a')],
  ['copy', (objects) => objects.copy('a', 'b', 1)],
  ['delete', (objects) => objects.delete('a')],
]

test.each([...READS, ...WRITES])('of a newer schema %s does nothing, and says what to do', async (_, run) => {
  const { objects, calls } = watched()
  await mark(objects, SCHEMA_VERSION + 1)
  calls.length = 0
  const store = checkingSchema(objects)
  const text = 'the storage has schema 2, and this release of Roadstead knows up to 1: upgrade it'
  await expect(run(store)).rejects.toThrow(text)
  await expect(run(store)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    status: 503,
    details: [{ schema: 2, known: 1 }],
  })
  expect(calls).toEqual([`get ${SCHEMA_KEY}`, `get ${SCHEMA_KEY}`])
})

test('the version is read once, and noted by the first write alone, before it', async () => {
  const { objects, calls } = watched()
  const store = checkingSchema(objects)
  for (const [, run] of READS) await run(store)
  expect(calls).toEqual([`get ${SCHEMA_KEY}`, 'head a', 'get a', 'open a', 'list '])
  calls.length = 0
  await store.put('a', bytesOf(1))
  await store.delete('a')
  expect(calls).toEqual([`get ${SCHEMA_KEY}`, `put ${SCHEMA_KEY}`, 'put a', 'delete a'])
  expect(await versionIn(objects)).toEqual({ version: SCHEMA_VERSION })
})

test.each(WRITES)('%s notes the version of an empty bucket first', async (name, run) => {
  const { objects, calls } = watched()
  await run(checkingSchema(objects))
  expect(calls.slice(2, 4)).toEqual([`put ${SCHEMA_KEY}`, expect.stringContaining(name) as string])
})

test('a version that somebody else has noted meanwhile is not written over', async () => {
  const objects = createMemoryObjectStore({})
  const old = checkingSchema(objects)
  await old.get('a')
  await mark(objects, SCHEMA_VERSION + 1)
  await expect(old.put('a', bytesOf(1))).rejects.toMatchObject({ details: [{ schema: 2, known: 1 }] })
  expect(await versionIn(objects)).toEqual({ version: SCHEMA_VERSION + 1 })
  expect(await objects.head('a')).toBeNull()
})

test('two at once note the same version, and both write', async () => {
  const objects = createMemoryObjectStore({})
  await Promise.all(['a', 'b'].map((key) => checkingSchema(objects).put(key, bytesOf(1))))
  expect(await versionIn(objects)).toEqual({ version: SCHEMA_VERSION })
  expect((await objects.list('', { limit: 9 })).objects.map(({ key }) => key)).toEqual(['a', 'b', SCHEMA_KEY])
})

test('a request that asks many things at once reads the version once; another request does not wait for it', async () => {
  const { objects, calls } = watched()
  const store = checkingSchema(objects)
  const ask = (requestId: string) =>
    logAs({ requestId, method: 'GET', path: '/' }, emptyTally(), () =>
      Promise.all(['a', 'b', 'c'].map((key) => store.head(key))),
    )
  await Promise.all([ask('1'), ask('2')])
  expect(calls.filter((call) => call.startsWith('get'))).toHaveLength(2)
  expect(calls.filter((call) => call.startsWith('head'))).toHaveLength(6)
})

test('a bucket that has its version is not written to for it', async () => {
  const { objects, calls } = watched()
  await mark(objects, SCHEMA_VERSION)
  calls.length = 0
  await checkingSchema(objects).put('a', bytesOf(1))
  expect(calls).toEqual([`get ${SCHEMA_KEY}`, 'put a'])
})

test.each(['', 'null', '{}', '{"version":"1"}', '{"version":0}', '{"version":1.5}'])(
  'a version that cannot be read, %j, is not taken for an old one',
  async (text) => {
    const objects = createMemoryObjectStore({})
    await objects.put(SCHEMA_KEY, new TextEncoder().encode(text))
    await expect(checkingSchema(objects).get('a')).rejects.toThrow('Cannot read "meta/schema.json"')
  },
)

test.each(['get', 'put'] as const)(
  'a %s of the version that fails is done again by the next operation',
  async (method) => {
    const objects = createMemoryObjectStore({})
    let failures = 1
    const failing: ObjectStore = {
      ...objects,
      [method]: (...args: Parameters<ObjectStore['put']>) =>
        failures-- > 0 ? Promise.reject(new RegistryError('UNAVAILABLE')) : objects[method](...args),
    }
    const store = checkingSchema(failing)
    await expect(store.put('a', bytesOf(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await objects.head('a')).toBeNull()
    await store.put('a', bytesOf(1))
    expect(await objects.head('a')).toMatchObject({ size: 1 })
    expect(await versionIn(objects)).toEqual({ version: SCHEMA_VERSION })
  },
)

/** A store, and what was asked of it. */
function watched(): { objects: ObjectStore; calls: string[] } {
  const calls: string[] = []
  const objects = new Proxy(createMemoryObjectStore({}), {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        calls.push(`${String(name)} ${String(args[0])}`)
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { objects, calls }
}

async function mark(objects: ObjectStore, version: number): Promise<void> {
  await objects.put(SCHEMA_KEY, new TextEncoder().encode(JSON.stringify({ version })))
}

async function versionIn(objects: ObjectStore): Promise<unknown> {
  const found = await objects.get(SCHEMA_KEY)
  return JSON.parse(new TextDecoder().decode(found?.bytes))
}
