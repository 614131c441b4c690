import { afterAll, vi } from 'vitest'

import type { Exploration } from '../explorer/explore.ts'

const LONGEST_TEST_MS = 300_000

/**
 * Sets up a file of explorations: faults are logged to nobody, and storage that stands still is not waited for.
 *
 * @returns a function that notes how many orders there were; all are printed in the end
 */
export function prepareSuite(): (name: string, found: Exploration) => void {
  vi.setConfig({ testTimeout: LONGEST_TEST_MS })
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const lines: string[] = []
  let total = 0
  afterAll(() => {
    if (total > 0) console.log([...lines, `${total} orders in all`].join('\n'))
  })
  return (name, { orders, cut }) => {
    total += orders
    lines.push(`${String(orders).padStart(6)} orders, ${cut} given up: ${name}`)
  }
}
