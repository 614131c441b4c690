import { expect } from 'vitest'

/** A failure that is not mended yet: the sweep fails when it is. */
export interface Known {
  /** Of the scenarios, as `<sweep>: <scenario>`; each of them must show it. */
  readonly scenario: RegExp
  /** Of the lines that tell what was wrong. */
  readonly failure: RegExp
  readonly reason: string
}

export const KNOWN: readonly Known[] = []

/** The same, of the sweep on the wire. */
export const KNOWN_WIRE: readonly Known[] = []

/** Failures that are shown of a scenario: they are much alike. */
const SHOWN = 12

/** Fails for a failure that is not known, and for one that is known and no more. */
export function expectKnown(
  table: readonly Known[],
  name: string,
  { failures, cases }: { failures: readonly string[]; cases: number },
): void {
  const known = table.filter((entry) => entry.scenario.test(name))
  const unknown = failures.filter((line) => !known.some((entry) => entry.failure.test(line)))
  expect(unknown.slice(0, SHOWN), `${unknown.length} cases of ${cases}`).toEqual([])
  const past = known.filter((entry) => !failures.some((line) => entry.failure.test(line)))
  expect(past, 'known failures that are no more: take them out of known.ts').toEqual([])
}
