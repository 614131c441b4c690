import type { StoreFeature } from '../../storage/object-store.ts'

/** `fail`: the registry would lose data, show what it must not, or not work there. */
export type Verdict = 'ok' | 'warn' | 'fail'

export interface Finding {
  readonly name: string
  readonly verdict: Verdict
  /** What was seen, in one line for people. */
  readonly seen: string
  /** What the storage does beyond the common ground, for `S3_FEATURES`. */
  readonly feature?: StoreFeature
}

/** What a probe answers; one that throws has failed. */
export type Seen = Omit<Finding, 'name'>

export function ok(seen: string): Seen {
  return { verdict: 'ok', seen }
}

export function warn(seen: string): Seen {
  return { verdict: 'warn', seen }
}

/** The storage is not as the registry needs it. The message is what was seen. */
export class Unsafe extends Error {
  override readonly name = 'Unsafe'
}

/** @throws {Unsafe} unless it holds */
export function need(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Unsafe(otherwise)
}

const LABELS: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }

export function lineOf({ name, verdict, seen }: Finding): string {
  return `${LABELS[verdict]}  ${name}: ${seen}`
}
