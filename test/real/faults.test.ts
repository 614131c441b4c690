import { afterAll, beforeAll, describe, test, vi } from 'vitest'

import { expectKnown, KNOWN_WIRE } from '../faults/known.ts'
import { startMemoryS3, type MemoryS3 } from '../faults/wire/memory-s3.ts'
import { WIRE_SCENARIOS } from '../faults/wire/wire-scenarios.ts'
import { wireSweep } from '../faults/wire/wire-sweep.ts'

/** All cases of a scenario are one test, and most of them wait for a while. */
const SCENARIO_TIMEOUT_MS = 600_000

let s3: MemoryS3

beforeAll(async () => {
  s3 = await startMemoryS3()
})
afterAll(() => s3.stop())

describe('every request to the storage at fault', () => {
  vi.spyOn(console, 'error').mockReturnValue(undefined) // each refusal is logged
  let cases = 0
  let mended = 0
  let leaks = 0
  afterAll(() => {
    console.log(
      `fault sweep, on the wire: ${WIRE_SCENARIOS.length} scenarios, ${cases} cases, in ${mended} of them a success ` +
        `in spite of the fault; after them ${leaks} leaks`,
    )
  })

  test.each(WIRE_SCENARIOS)(
    '$name',
    async (scenario) => {
      const result = await wireSweep(s3, scenario)
      cases += result.cases
      mended += result.mended
      leaks += result.leaks
      expectKnown(KNOWN_WIRE, scenario.name, result)
    },
    SCENARIO_TIMEOUT_MS,
  )
})
