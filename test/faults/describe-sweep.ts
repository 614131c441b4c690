import { afterAll, describe, test, vi } from 'vitest'

import { expectKnown, KNOWN } from './known.ts'
import type { Scenario } from './scenario.ts'
import { sweep } from './sweep.ts'

/** All cases of a scenario are one test. */
const SCENARIO_TIMEOUT_MS = 120_000

/** A test for each scenario, and a line that says how many cases there were. */
export function describeSweep(name: string, scenarios: readonly Scenario[]): void {
  describe(`every call at fault: ${name}`, () => {
    vi.spyOn(console, 'error').mockReturnValue(undefined) // each refusal is logged
    let cases = 0
    let refused = 0
    let leaks = 0
    let stale = 0
    afterAll(() => {
      console.log(
        `fault sweep, ${name}: ${scenarios.length} scenarios, ${cases} cases, ${refused} of them refused at first; ` +
          `after them ${leaks} leaks, and ${stale} times KV behind the record until the repetition`,
      )
    })

    test.each(scenarios)(
      '$name',
      async (scenario) => {
        const result = await sweep(scenario)
        cases += result.cases
        refused += result.refused
        leaks += result.leaks
        stale += result.stale
        expectKnown(KNOWN, `${name}: ${scenario.name}`, result)
      },
      SCENARIO_TIMEOUT_MS,
    )
  })
}
