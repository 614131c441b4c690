import { describe, expect, test } from 'vitest'

import { everyOrder, type Scenario } from './explorer/explore.ts'
import type { Process, Run, Touch } from './explorer/run.ts'

/** A counter that is read and written in two steps, and the ends that have been seen. */
function counting(processes: readonly (readonly string[])[], ends: Set<string>): Scenario {
  return (run) => {
    const counters = new Map<string, number>()
    const failed: string[] = []
    processes.forEach((keys, index) => void start(run, String(index), keys, counters, failed))
    return () => {
      const end = [...counters].map(([key, value]) => `${key}=${value}`).sort()
      ends.add([...end, ...failed.sort()].join(' '))
    }
  }
}

async function start(run: Run, name: string, keys: readonly string[], counters: Map<string, number>, failed: string[]) {
  const touch = (key: string, write: boolean): readonly Touch[] => [{ key, write }]
  const add = async (process: Process, key: string) => {
    const read = () => Promise.resolve(counters.get(key) ?? 0)
    const value = await process.step({ name: `get ${key}`, touches: touch(key, false), act: read })
    const act = () => Promise.resolve(counters.set(key, value + 1))
    await process.step({ name: `set ${key}`, touches: touch(key, true), act })
  }
  const done = await run
    .begin(name, async (process) => {
      for (const key of keys) await add(process, key)
      return true
    })
    .catch(() => false)
  if (done !== true) failed.push(`${name} ${done === null ? 'crashed' : 'failed'}`)
}

const ALL_ORDERS = [
  // Each process begins, reads and writes: (3 + 3)! / (3! 3!) and so on.
  ['two on one key', [['a'], ['a']], 20, ['a=1', 'a=2']],
  ['three on one key', [['a'], ['a'], ['a']], 1680, ['a=1', 'a=2', 'a=3']],
  ['two on keys of their own', [['a'], ['b']], 20, ['a=1 b=1']],
] as const

test.each(ALL_ORDERS)('%s: all orders are run, and all ends seen', async (_, processes, orders, wanted) => {
  const ends = new Set<string>()
  expect(await everyOrder(counting(processes, ends), { reduce: false })).toEqual({ orders, cut: 0 })
  expect([...ends].sort()).toEqual(wanted)
})

// Two ways to leave out orders, both of which must let every end be seen.
describe('leaving out orders that differ only in steps that commute', () => {
  test.each([
    ['two on one key', [['a'], ['a']], 0],
    ['three on one key', [['a'], ['a'], ['a']], 0],
    ['two on keys of their own', [['a'], ['b']], 0],
    [
      'two that share one of two keys',
      [
        ['a', 'b'],
        ['b', 'c'],
      ],
      0,
    ],
    [
      'two in opposite order',
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      0,
    ],
    ['two on one key with a fault', [['a'], ['a']], 1],
    ['two on one key with two faults', [['a'], ['a']], 2],
    ['two that share a key, with a fault', [['a', 'b'], ['b']], 1],
  ] as const)('%s: every end is still seen', async (_, processes, faults) => {
    const [all, reduced] = [new Set<string>(), new Set<string>()]
    const { orders } = await everyOrder(counting(processes, all), { faults, reduce: false })
    const fewer = await everyOrder(counting(processes, reduced), { faults })
    expect([...reduced].sort()).toEqual([...all].sort())
    expect(fewer.orders).toBeLessThan(orders)
  })
})
