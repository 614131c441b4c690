import { expect, test, vi } from 'vitest'

import { digestOf, parseDigest } from '../../src/oci/digest.ts'
import { RegistryError } from '../../src/oci/errors.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { blobHolderKey, blobKey, manifestKey, tagsPrefix } from '../../src/storage/keys.ts'
import { bytesOf, streamOf } from '../suites/client.ts'
import type { Client } from './client.ts'
import { MODES } from './faults.ts'
import { pullBlob } from './observer.ts'
import { STABLE } from './scenario.ts'
import { sweep } from './sweep.ts'
import type { Instance } from './world.ts'

vi.setConfig({ testTimeout: 60_000 })
vi.spyOn(console, 'error').mockReturnValue(undefined)

const app = parseRepositoryName('app')
const stable = parseTag('stable')
const BYTES = bytesOf(50)
const DIGEST = digestOf(BYTES)
const NOTHING = new Uint8Array(0)
const HOLDER = blobHolderKey(DIGEST, app)
const SIZE = { metadata: { size: String(BYTES.length) } }

type Act = (instance: Instance) => Promise<unknown>

/** What a sweep says of an operation that does this, and promises to have stored the blob if `promises`. */
async function failuresOf(act: Act, promises = false): Promise<readonly string[]> {
  const scenario = {
    name: 'wrong',
    operation: () => ({
      run: (client: Client) => client.maintain('it', act),
      promised: (registry: Instance) => (promises ? pullBlob(registry, 'app', DIGEST, BYTES) : Promise.resolve()),
    }),
  }
  return sweep(scenario).then(
    ({ failures }) => failures,
    (error: unknown) => [`without a fault: ${String(error)}`],
  )
}

const storeBlob: Act = async ({ objects }) => {
  await objects.put(blobKey(DIGEST), BYTES)
  await objects.put(HOLDER, NOTHING, SIZE)
}

/** Operations that are wrong in one way each, and what must be said of them. */
const WRONG: readonly (readonly [name: string, act: Act, failure: RegExp])[] = [
  [
    'hands out a blob before it is there',
    async ({ objects }) => {
      await objects.put(HOLDER, NOTHING, SIZE)
      await objects.put(blobKey(DIGEST), BYTES)
    },
    /^killed at 2 .*: after the failure fsck finds holder-without-blob/,
  ],
  [
    'does not look whether it was stored',
    async ({ objects }) => {
      await objects.put(blobKey(DIGEST), BYTES)
      await objects.put(HOLDER, NOTHING, SIZE).catch(() => undefined)
    },
    /^refused at 2 .*: HEAD of app@sha256:\w+ is answered 404/,
  ],
  [
    'stores what has come before it is whole',
    async (instance) => {
      await instance.objects.put(blobKey(DIGEST), BYTES.slice(0, 20))
      await instance.objects.delete(blobKey(DIGEST))
      await storeBlob(instance)
    },
    /^later at 1 .*: the pull of app@sha256:\w+ has other bytes/,
  ],
  [
    'cannot be repeated where it was broken off',
    async (instance) => {
      const [blob, held] = await Promise.all([blobKey(DIGEST), HOLDER].map((key) => instance.objects.head(key)))
      if (blob && !held) throw new RegistryError('UNKNOWN')
      await storeBlob(instance)
    },
    /^killed at 4 .*: the repetition fails: it: 500 UNKNOWN/,
  ],
  [
    'takes away for a moment what others pull',
    async ({ objects }) => {
      const key = manifestKey(app, parseDigest(STABLE.digest))
      await objects.delete(key)
      await objects.put(key, new TextEncoder().encode(STABLE.text), { contentType: STABLE.mediaType })
    },
    /^without a fault: .*meanwhile HEAD of app:stable is answered 404/,
  ],
  [
    'moves KV before the record',
    async ({ objects, tagIndex, services }) => {
      const record = await services.tags.get(app, stable)
      if (record === null) throw new Error('there is no such tag')
      const moved = { ...record, size: record.size + 1 }
      await tagIndex.put(app, stable, moved)
      await objects.put(`${tagsPrefix(app)}stable`, new TextEncoder().encode(JSON.stringify(moved)))
    },
    /^refused at 3 .*: after 503 UNAVAILABLE KV has tag:app:stable/,
  ],
  [
    'waits for a storage that is silent',
    ({ objects }) => objects.putStream(blobKey(DIGEST), streamOf(BYTES), BYTES.length),
    /^hang at 1 .*: it is never answered/,
  ],
]

/** Of those, the ones that say that they have stored the blob. */
const PROMISING = /^(hands|does|stores|cannot)/

test.each(WRONG)('an operation that %s is found out', async (name, act, failure) => {
  expect(await failuresOf(act, PROMISING.test(name))).toContainEqual(expect.stringMatching(failure))
})

test('one that is right is not', async () => {
  expect(await failuresOf(storeBlob, true)).toEqual([])
})

test.each([
  ['fewer', 0, 'the sweep did not end at the last call'],
  ['more', 3, 'the calls are not those of the run without fault'],
])('a sweep in which there are %s calls than at first fails', async (_, calls, failure) => {
  let runs = 0
  const failures = await failuresOf(async ({ objects }) => {
    const count = runs++ === 0 ? 2 : calls
    for (let call = 0; call < count; call++) await objects.head(runs === 1 ? 'uploads/first' : 'uploads/then')
  })
  expect(failures).toContainEqual(expect.stringContaining(failure))
})

test('a sweep has every mode at every call', async () => {
  const result = await sweep({
    name: 'right',
    recoveries: ['restart'],
    operation: () => ({ run: (client) => client.maintain('it', storeBlob), promised: () => Promise.resolve() }),
  })
  expect(result.calls).toEqual([`put ${blobKey(DIGEST)}`, `put ${HOLDER}`])
  // Neither of the two has a body that comes in pieces, and one case more finds no call.
  expect(result.cases).toBe(3 * MODES.filter((mode) => mode !== 'cut' && mode !== 'stall').length)
  expect(result.refused).toBe(2 * 8)
})
