import { describe, expect, test } from 'vitest'

import type { BreachKind } from '../../src/maintenance/finding.ts'
import { imageOf } from '../suites/client.ts'
import { everyOrder } from './explorer/explore.ts'
import { checkStored } from './support/check-storage.ts'
import { checkTags } from './support/check-tags.ts'
import {
  A,
  B,
  CONFIG,
  deleteImage,
  deleteTag,
  INDEX_OF_A,
  LAYER,
  pull,
  pullDigest,
  push,
  stored,
} from './support/images.ts'
import { scenarioOf, type Act } from './support/scenario.ts'
import { prepareSuite } from './support/suite.ts'
import type { World } from './support/world.ts'

const note = prepareSuite()

const subject = { mediaType: A.mediaType, digest: A.digest, size: A.text.length }
const SIGNATURE_OF_A = imageOf(CONFIG, [LAYER], { subject })

/** `v1` points to A; the blobs are there for all the others. */
const before = await stored([CONFIG, LAYER], [[A, 'v1']])
const nothing = await stored([CONFIG, LAYER])

const PUSH_A: Act = (client) => push(client, A, 'v1')
const PUSH_A_UNTAGGED: Act = (client) => push(client, A)
const PUSH_B: Act = (client) => push(client, B, 'v1')
const PUSH_INDEX: Act = (client) => push(client, INDEX_OF_A, 'index')
const PUSH_SIGNATURE: Act = (client) => push(client, SIGNATURE_OF_A)
const DELETE_A: Act = (client) => deleteImage(client, A)
const DELETE_TAG: Act = (client) => deleteTag(client, 'v1')
const PULL: Act = (client) => pull(client, 'v1')
const PULL_A: Act = (client) => pullDigest(client, A)
const DELETE_AND_PUSH_A: Act = async (client) => {
  await deleteImage(client, A)
  await push(client, A, 'v2')
}

async function explore(name: string, acts: readonly Act[], faults: number, world = before, timed = false) {
  const isThere = world === before
  const check = async (end: World) => {
    await checkTags(end, {
      tags: { v1: isThere ? A.digest : null, v2: null, index: null },
      manifests: {
        [A.digest]: isThere,
        [B.digest]: false,
        [INDEX_OF_A.digest]: false,
        [SIGNATURE_OF_A.digest]: false,
      },
    })
    // Where somebody has deleted a manifest, checkTags has asked whether it may be gone.
    const deleted = end.log.entries.some(({ call }) => call.kind === 'delete manifest')
    await checkStored(end, deleted ? DELETION_LEAVES : [])
  }
  const found = await everyOrder(scenarioOf({ ...world, timed }, acts, check), { faults })
  note(`${name}${faults > 0 ? ', a fault' : ''}`, found)
  expect(found.orders).toBeGreaterThan(0)
}

const DELETION_LEAVES: readonly BreachKind[] = ['tag-without-manifest', 'manifest-without-child']

describe('a deletion of a manifest', () => {
  const PAIRS = [
    ['its push by tag', [DELETE_A, PUSH_A]],
    ['its push by digest', [DELETE_A, PUSH_A_UNTAGGED]],
    ['a push of another to its tag', [DELETE_A, PUSH_B]],
    ['a push of an index of it', [DELETE_A, PUSH_INDEX]],
    ['a push of its signature', [DELETE_A, PUSH_SIGNATURE]],
    ['a deletion of its tag', [DELETE_A, DELETE_TAG]],
    ['its deletion', [DELETE_A, DELETE_A]],
    ['a reader of its tag', [DELETE_A, PULL]],
    ['a reader', [DELETE_A, PULL_A]],
  ] as const
  test.each(PAIRS)('and %s', (name, acts) => explore(`deletion and ${name}`, acts, 0))
  test.each(PAIRS)('and %s, and one call that fails, is late, or the last', (name, acts) =>
    explore(`deletion and ${name}`, acts, 1),
  )

  test('and a push of another to its tag, and a reader', () =>
    explore('deletion and a push of another to its tag, and a reader', [DELETE_A, PUSH_B, PULL], 0))
})

test('what is pushed again when its deletion has ended is there', async () => {
  await explore('deleted and pushed again, and a push of another', [DELETE_AND_PUSH_A, PUSH_B], 0, before, true)
  await explore('deleted and pushed again', [DELETE_AND_PUSH_A], 1, before, true)
})

describe('the first pushes of a repository', () => {
  test.each([
    ['one, and one call that fails, is late, or the last', [PUSH_A], 1],
    ['two', [PUSH_A, PUSH_B], 0],
    ['two of one manifest', [PUSH_A, PUSH_A], 0],
    ['two, and one call that fails, is late, or the last', [PUSH_A, PUSH_B], 1],
    ['an index before its image', [PUSH_INDEX, PUSH_A], 0],
  ] as const)('%s', (name, acts, faults) => explore(`first: ${name}`, acts, faults, nothing))
})
