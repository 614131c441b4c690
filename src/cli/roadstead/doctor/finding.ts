import { lineOf, type Finding, type Verdict } from '../../doctor/finding.ts'
import { harmless } from '../terminal.ts'

/** What a check has seen; with `todo`, unless all is well, what to do about it. */
export interface Outcome {
  readonly verdict: Verdict
  readonly seen: string
  readonly todo?: string
}

export interface OutsideFinding extends Finding {
  readonly todo?: string
}

export function ok(seen: string): Outcome {
  return { verdict: 'ok', seen }
}

export function warn(seen: string, todo: string): Outcome {
  return { verdict: 'warn', seen, todo }
}

export function fail(seen: string, todo: string): Outcome {
  return { verdict: 'fail', seen, todo }
}

/** The registry is not as clients need it. The message is what was seen. */
export class Broken extends Error {
  override readonly name = 'Broken'
  readonly todo: string

  constructor(seen: string, todo: string) {
    super(seen)
    this.todo = todo
  }
}

/** @throws {Broken} unless it holds */
export function need(holds: boolean, otherwise: string, todo: string): asserts holds {
  if (!holds) throw new Broken(otherwise, todo)
}

/** Two lines when there is something to do. */
export function textOf(finding: OutsideFinding): string {
  const line = harmless(lineOf(finding))
  return finding.todo === undefined ? line : `${line}\n      ${harmless(finding.todo)}`
}
