import { describe, expect, test } from 'vitest'

import { everyOrder } from './explorer/explore.ts'
import { checkStored } from './support/check-storage.ts'
import { stored } from './support/images.ts'
import { scenarioOf, type Act } from './support/scenario.ts'
import { prepareSuite } from './support/suite.ts'
import { bytesOf, cancel, checkBlobs, close, firstLocation, mount, PART_BYTES, patch, post } from './support/uploads.ts'
import type { World } from './support/world.ts'

const note = prepareSuite()

const first = firstLocation()
const before = await stored([bytesOf('here already')])

/** Sends all in one PATCH, and closes. */
const whole =
  (text: string, sized = true): Act =>
  async (client) => {
    const next = await patch(client, first, text, { sized })
    if (next !== null) await close(client, next, text)
  }

/** Sends two chunks, and closes. */
const chunks =
  (one: string, two: string): Act =>
  async (client) => {
    const second = await patch(client, first, one, { first: 0 })
    const third = second === null ? null : await patch(client, second, two, { first: one.length })
    if (third !== null) await close(client, third, one + two)
  }

/** Sends one chunk, and the last one with the closing request. */
const chunkAndClose =
  (one: string, two: string): Act =>
  async (client) => {
    const second = await patch(client, first, one, { first: 0 })
    if (second !== null) await close(client, second, one + two, two)
  }

const atOnce =
  (text: string): Act =>
  (client) =>
    close(client, first, text, text)

const CANCEL: Act = (client) => cancel(client, first)

/** What was sent is sent again from the same `Location`, and closed twice. */
const again =
  (text: string): Act =>
  async (client) => {
    const next = await patch(client, first, text)
    const repeated = next ?? (await patch(client, first, text))
    if (repeated === null || (await close(client, repeated, text)) === 201) return
    await close(client, repeated, text)
  }

const [SHORT, OTHER, LONG, LONGER] = ['short', 'other', 'longer than a part', 'LONGER THAN A PART']

/** How many uploads must have succeeded whatever the order; of those that compete for one session it may be none. */
const SCENARIOS: readonly (readonly [name: string, acts: readonly Act[], successes: number])[] = [
  ['two PATCHes of one Location, other bytes', [whole(SHORT), whole(OTHER)], 2],
  ['two PATCHes of one Location, same bytes', [whole(SHORT), whole(SHORT)], 2],
  ['two PATCHes of one Location, by parts', [whole(LONG, false), whole(LONGER, false)], 2],
  ['two PATCHes of one Location, streamed', [whole(LONG), whole(LONGER)], 2],
  ['a PATCH and a PUT with the bytes', [whole(SHORT), atOnce(OTHER)], 2],
  ['two PUTs with other bytes', [atOnce(LONG), atOnce(LONGER)], 2],
  ['two PUTs with the same bytes', [atOnce(LONG), atOnce(LONG)], 2],
  ['a PATCH and a cancellation', [whole(SHORT), CANCEL], 0],
  ['chunks and a cancellation', [chunkAndClose(SHORT, OTHER), CANCEL], 0],
  ['chunks, replayed with other bytes', [chunkAndClose('one', 'two'), chunkAndClose('one', 'TWO')], 0],
  ['chunks, replayed with other first bytes', [chunkAndClose('one', 'two'), chunkAndClose('ONE', 'two')], 0],
  ['chunks, replayed with other lengths', [chunkAndClose('one', 'two'), chunkAndClose('on', 'e two')], 0],
  ['chunks, and a whole', [chunkAndClose('one', 'two'), whole('one')], 0],
]

async function explore(name: string, acts: readonly Act[], successes: number, faults: number): Promise<void> {
  const options = { ...before, limits: { partBytes: PART_BYTES } }
  const check = async (world: World) => {
    await checkBlobs(world)
    await checkStored(world)
    const answers = world.log.entries.filter(({ call }) => call.kind === 'blob').map(({ status }) => status)
    if (faults > 0) return
    expect(answers.filter((status) => status === 201).length).toBeGreaterThanOrEqual(successes)
    expect(answers.filter((status) => status >= 500)).toEqual([])
  }
  const found = await everyOrder(scenarioOf(options, acts, check), { faults })
  note(`${name}${faults > 0 ? ', a fault' : ''}`, found)
  expect(found.orders).toBeGreaterThan(0)
}

describe('two at one upload: no wrong bytes, and each 201 is true', () => {
  test.each(SCENARIOS)('%s', (name, acts, successes) => explore(name, acts, successes, 0))
  // Two of the three replays are enough: with a fault each is thousands of orders.
  const fewer = SCENARIOS.filter(([name]) => name !== 'chunks, replayed with other first bytes')
  test.each(fewer)('%s, and one call that fails, is late, or the last', (name, acts) => explore(name, acts, 0, 1))
})

describe('one upload, by a client that repeats what has failed', () => {
  test.each([
    ['whole', [again(SHORT)]],
    ['by parts', [again(LONG)]],
    ['in chunks', [chunks('one', 'two')]],
  ] as const)('%s', (name, acts) => explore(`repeated: ${name}`, acts, 0, 1))
})

describe('one blob for two repositories', () => {
  const right: Act = (client) => post(client, 'app', LONG)
  const wrong: Act = (client) => post(client, 'other', LONGER, 'sha256:' + '0'.repeat(64))
  test.each([
    ['two pushes', [right, (client) => post(client, 'other', LONG)], 2],
    ['a push and a mount', [right, (client) => mount(client, 'other', LONG, 'app')], 1],
    ['a push and a mount from anywhere', [right, (client) => mount(client, 'other', LONG, null)], 1],
    ['two mounts', [mountOf('app'), mountOf(null)], 2],
    ['a right and a wrong push', [right, wrong], 1],
  ] as const satisfies readonly (readonly [string, readonly Act[], number])[])('%s', async (name, acts, successes) => {
    await explore(name, acts, successes, 0)
    await explore(name, acts, successes, 1)
  })

  function mountOf(from: string | null): Act {
    return (client) => mount(client, 'other', 'here already', from)
  }
})
