import { expect, test, vi } from 'vitest'

import type { deleteManifest } from '../../src/registry/delete-manifest.ts'
import type { pushManifest } from '../../src/registry/push-manifest.ts'
import type { deleteTag, resolveTag, setTag } from '../../src/registry/tags.ts'
import { everyOrder, randomOrder } from './explorer/explore.ts'
import { checkStored } from './support/check-storage.ts'
import { checkTags } from './support/check-tags.ts'
import * as images from './support/images.ts'
import { A, B, CONFIG, EMPTY, EMPTY_A, EMPTY_B, LAYER, stored } from './support/images.ts'
import { randomWorld, untilAnswered } from './support/random-world.ts'
import { prepareSuite } from './support/suite.ts'
import { scenarioOf, type Act } from './support/scenario.ts'
import type { WorldServices } from './support/world.ts'
import { checkBlobs, close, firstLocation, patch } from './support/uploads.ts'
import { MUTATIONS, type Mutation } from './support/mutations.ts'

/** What stands in for the registry's own; empty for the code as it is. */
const now = vi.hoisted((): { mutation: Mutation } => ({ mutation: {} }))

vi.mock('../../src/registry/tags.ts', async (importOriginal) => {
  const original = await importOriginal<{
    setTag: typeof setTag
    deleteTag: typeof deleteTag
    resolveTag: typeof resolveTag
  }>()
  const mutated: typeof original = {
    ...original,
    setTag: (...args) => (now.mutation.setTag ?? original.setTag)(...args),
    deleteTag: (...args) => (now.mutation.deleteTag ?? original.deleteTag)(...args),
    resolveTag: (...args) => (now.mutation.resolveTag ?? original.resolveTag)(...args),
  }
  return mutated
})

vi.mock('../../src/registry/delete-manifest.ts', async (importOriginal) => {
  const original = await importOriginal<{ deleteManifest: typeof deleteManifest }>()
  const mutated: typeof deleteManifest = async (...args) => {
    await original.deleteManifest(...args)
    await now.mutation.afterDelete?.(args[0] as unknown as WorldServices, args[2])
  }
  return { ...original, deleteManifest: mutated }
})

vi.mock('../../src/registry/push-manifest.ts', async (importOriginal) => {
  const original = await importOriginal<{ pushManifest: typeof pushManifest }>()
  const mutated: typeof pushManifest = async (...args) => {
    await now.mutation.beforePush?.(args[0] as unknown as WorldServices, args[1])
    await original.pushManifest(...args)
  }
  return { ...original, pushManifest: mutated }
})

vi.mock('../../src/storage/keys.ts', async (importOriginal) => {
  const original = await importOriginal<object & { chunkKey: (...args: [string, number, string]) => string }>()
  return {
    ...original,
    chunkKey: (session: string, offset: number, nonce: string) =>
      original.chunkKey(session, offset, now.mutation.nonce ?? nonce),
  }
})

prepareSuite()

const PUSH_A: Act = (client) => images.push(client, EMPTY_A, 'v1')
const PUSH_B: Act = (client) => images.push(client, EMPTY_B, 'v1')
const PUSH_IMAGE: Act = (client) => images.push(client, A, 'v1')
const PUSH_OTHER_IMAGE: Act = (client) => images.push(client, B, 'v1')
const DELETE: Act = (client) => images.deleteTag(client, 'v1')
const DELETE_IMAGE: Act = (client) => images.deleteImage(client, A)
const PULL: Act = (client) => images.pull(client, 'v1')
const upload =
  (text: string): Act =>
  async (client) => {
    const next = await patch(client, firstLocation(), text)
    if (next !== null) await close(client, next, text)
  }

const tagged = await stored([CONFIG, LAYER], [[EMPTY, 'v1'], [A]])

/** Each mutation with what shows it: actors, faults, and whether it matters which call had been answered. */
const SHOWN: Record<keyof typeof MUTATIONS, [message: RegExp, acts: readonly Act[], faults?: number, timed?: boolean]> =
  {
    'a push that does not look again': [/^KV has/, [PUSH_A, PUSH_B]],
    'a reader that fills KV and does not look again': [/^KV has/, [PUSH_A, PULL]],
    'a push that writes KV before the record': [/^KV has/, [PUSH_A, PUSH_B]],
    'a repeated push that skips KV': [/^KV has/, [untilAnswered((client) => images.push(client, EMPTY_A, 'v1'))], 1],
    'a deletion that takes KV before the record': [/^KV has/, [DELETE, PULL]],
    'a deletion that leaves KV when the record is gone': [
      /^KV has/,
      [untilAnswered((client) => images.deleteTag(client, 'v1'))],
      1,
    ],
    'a miss in KV that is not confirmed': [/was absent for a reader/, [PUSH_A, PULL], 0, true],
    'a deletion of a manifest that deletes its refs': [/^manifest-without-ref/, [DELETE_IMAGE, PUSH_IMAGE]],
    'a deletion of a manifest that deletes its blobs': [/^manifest-without-blob/, [DELETE_IMAGE, PUSH_OTHER_IMAGE]],
    'a manifest that is stored before its refs': [/^manifest-without-ref/, [PUSH_OTHER_IMAGE], 1],
    'a tag record that is written before the manifest': [/^tag-without-manifest/, [PUSH_OTHER_IMAGE], 1],
    'two PATCHes that share a key': [/^blob-of-other-bytes|has other bytes/, [upload('short'), upload('other')]],
  }
const RARE: readonly (keyof typeof MUTATIONS)[] = [
  'a reader that fills KV and does not look again',
  'a repeated push that skips KV',
  'a deletion that leaves KV when the record is gone',
]
const NAMES = Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[]

/** Where a deletion of the manifest comes in between, a tag may be left without it. */
function explore(acts: readonly Act[], faults = 0, timed = false) {
  const allowed = acts.includes(DELETE_IMAGE) ? (['tag-without-manifest'] as const) : []
  const scenario = scenarioOf({ ...tagged, timed }, acts, async (world) => {
    await checkBlobs(world)
    await checkStored(world, allowed)
    await checkTags(world, { tags: { v1: EMPTY.digest }, manifests: { [A.digest]: true, [B.digest]: false } })
  })
  return everyOrder(scenario, { faults })
}

test.each(NAMES)('%s is found, and the code as it is passes', async (name) => {
  const [message, ...scenario] = SHOWN[name]
  now.mutation = MUTATIONS[name]
  await expect(explore(...scenario)).rejects.toThrow(message)
  now.mutation = {}
  await explore(...scenario)
})

/** Some need a coincidence of thousands of random orders; each of these is found within some hundreds. */
const FOUND_SOON = NAMES.filter((name) => !RARE.includes(name))
const MOST_SEEDS = 3000

test.each(FOUND_SOON)('%s is found by random orders too', async (name) => {
  now.mutation = MUTATIONS[name]
  const search = async () => {
    for (let seed = 1; seed <= MOST_SEEDS; seed++) await randomOrder(seed, randomWorld)
  }
  await expect(search()).rejects.toThrow(/ROADSTEAD_SEED=/)
})
