import { beforeAll, describe, expect, test, vi } from 'vitest'

import { ACCOUNTS_PREFIX, auditPrefix } from '../../src/storage/keys.ts'
import { fillCells, statesOf, WAYS, type Cell } from './support/cell.ts'
import { permitted, PRINCIPALS } from './support/matrix.ts'
import { printTable } from './support/print-table.ts'
import { ROUTES, SAMPLES } from './support/samples.ts'
import { createWorld } from './support/world.ts'

/** Each principal at each endpoint, with each kind of repository: what is answered, and what is touched. */

const FILL_TIMEOUT_MS = 60_000

let cells: readonly Cell[]
beforeAll(async () => {
  vi.spyOn(console, 'warn').mockReturnValue() // the untrusted job's refusals
  cells = await fillCells(await createWorld(), ROUTES)
}, FILL_TIMEOUT_MS)

test('every route has a sample request, and no sample is of a route that is gone', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(ROUTES.map(({ key }) => key).sort())
})

describe.each(PRINCIPALS)('%s', (principal) => {
  test.each(WAYS)('is answered as the matrix says, by %s', (way) => {
    const own = cells.filter((cell) => cell.principal === principal && cell.way === way)
    expect(own.map((cell) => `${nameOf(cell)}: ${cell.outcome}`)).toEqual(
      own.map((cell) => `${nameOf(cell)}: ${cell.expected}`),
    )
  })

  test('a refusal writes nothing, and reads accounts alone', () => {
    const refused = cells.filter((cell) => cell.principal === principal && cell.isRefusal)
    const touched = refused.flatMap((cell) =>
      cell.calls.flatMap(({ kind, operation, key }) => {
        const isFine = kind === 'read' && key.startsWith(ACCOUNTS_PREFIX) && !key.startsWith(AUDIT_PREFIX)
        return isFine ? [] : [`${nameOf(cell)}: ${operation} ${key}`]
      }),
    )
    expect(touched).toEqual([])
  })

  test('a refusal of a short token asks storage nothing', () => {
    const refused = cells.filter(
      (cell) =>
        cell.principal === principal &&
        cell.isRefusal &&
        cell.route.path.startsWith('/v2/') &&
        (cell.way === 'token' || principal === 'stranger'),
    )
    expect(refused.flatMap((cell) => cell.calls.map(({ key }) => `${nameOf(cell)}: ${key}`))).toEqual([])
  })

  test('a private repository is refused as one that is not there: answer, and calls of storage', () => {
    const refused = cells.filter((cell) => cell.principal === principal && cell.isRefusal)
    for (const cell of refused.filter(({ state }) => state === 'private')) {
      const others = refused.filter((other) => isTwin(cell, other))
      for (const other of others) expect(`${nameOf(cell)}: ${other.answer}`).toBe(`${nameOf(cell)}: ${cell.answer}`)
      const missing = others.find(({ state }) => state === 'missing')
      // Who has a role in the private one knows that it is there.
      const isSeen = permitted(principal, 'private')?.join() !== permitted(principal, 'missing')?.join()
      if (missing !== undefined && !isSeen) expect(callsOf(missing)).toEqual(callsOf(cell))
    }
  })
})

test('no cell is left out', () => {
  const filled = new Set(cells.map(({ route, state, principal }) => `${route.key} ${state} ${principal}`))
  const states = ROUTES.reduce((sum, route) => sum + statesOf(route).length, 0)
  expect(filled.size).toBe(states * PRINCIPALS.length)
  expect(new Set(cells.filter(({ isRefusal }) => isRefusal).map(({ principal }) => principal)).size).toBe(
    PRINCIPALS.length,
  )
})

test('the table is the one that was reviewed', async () => {
  await expect(printTable(cells)).toMatchFileSnapshot('table.txt')
})

const AUDIT_PREFIX = auditPrefix('_registry').replace(/_registry\/$/, '')

function isTwin(cell: Cell, other: Cell): boolean {
  return (
    other.route === cell.route &&
    other.principal === cell.principal &&
    other.way === cell.way &&
    (other.state === 'missing' || other.state === 'nowhere')
  )
}

function callsOf({ calls }: Cell): string[] {
  return calls.map(({ operation, key }) => `${operation} ${key.replace(/private|missing/, '<name>')}`).sort()
}

function nameOf({ route, state, way }: Cell): string {
  return `${route.key} (${state}, by ${way})`
}
