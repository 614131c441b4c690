import fc from 'fast-check'

/** Any number: with it the same cases come each time, and a failure in CI is one at home. */
const SEED = 20_251_124

/**
 * How a property is run. `FUZZ_SEED=$RANDOM` tries other cases, `FUZZ_RUNS=20` twenty times as many.
 *
 * @param numRuns cases of a usual run
 */
export function runs<T>(numRuns: number): fc.Parameters<T> {
  return {
    seed: Number(process.env['FUZZ_SEED'] ?? SEED),
    numRuns: Math.ceil(numRuns * TIMES),
    // A slow machine tries fewer cases; it does not fail.
    plugins: [fc.interruptAfterTimeLimit(PROPERTY_TIMEOUT_MS / 2) as fc.Plugin<T>],
  }
}

const TIMES = Number(process.env['FUZZ_RUNS'] ?? 1)

/** Of one test that runs a property. */
export const PROPERTY_TIMEOUT_MS = 60_000 * Math.max(TIMES, 1)
