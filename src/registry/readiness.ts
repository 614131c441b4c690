import { logFault } from '../log.ts'
import { NewerSchema } from '../storage/schema-version.ts'
import { within } from '../storage/within.ts'

/** By the name of what is needed: a cheap question that fails when it cannot be reached. */
export type Probes = Readonly<Record<string, () => Promise<unknown>>>

/** What came out, by the same names. */
export type Readiness = Readonly<Record<string, 'ok' | 'unreachable' | 'newer schema'>>

const PATIENCE_MS = 2000
const KEPT_MS = 10_000

/**
 * Whether everything that the registry needs can be reached. It takes `PATIENCE_MS` at most, and is asked anew after
 * `KEPT_MS`, by one request at a time: whoever asks often costs nothing, and does not add to the load of a storage that fails.
 */
export function createReadiness(probes: Probes, now: () => Date): () => Promise<Readiness> {
  // The answer is kept, not the promise: the platform lets no request wait for another one's I/O.
  let kept: { readonly readiness: Readiness; readonly until: number } | null = null
  let asking = false

  return async () => {
    if (kept !== null && (asking || now().getTime() < kept.until)) return kept.readiness
    asking = true
    const entries = await Promise.all(Object.entries(probes).map(async ([name, probe]) => [name, await ask(probe)]))
    const readiness = Object.fromEntries(entries) as Readiness
    kept = { readiness, until: now().getTime() + KEPT_MS }
    asking = false
    return readiness
  }
}

async function ask(probe: () => Promise<unknown>): Promise<Readiness[string]> {
  try {
    await within(PATIENCE_MS, probe())
    return 'ok'
  } catch (fault) {
    logFault(fault)
    return fault instanceof NewerSchema ? 'newer schema' : 'unreachable'
  }
}
