import { Misbehaviour, Refusal, type Recovery } from './client.ts'
import { FaultCase, type CaseResult } from './fault-case.ts'
import { MODES, type Fault } from './faults.ts'
import { BODIED } from './faulty-stores.ts'
import { BYSTANDERS, pushAll, type Scenario } from './scenario.ts'
import { copyOf, createWorld, openRegistry } from './world.ts'

export interface Sweep {
  /** Calls of the operation when nothing fails. */
  readonly calls: readonly string[]
  readonly cases: number
  /** Of the cases, those whose first request at fault was refused; the others succeeded in spite of it. */
  readonly refused: number
  /** Leaks that `fsck` found after all cases together. */
  readonly leaks: number
  /** Cases after whose failure KV was behind the record, until the operation was repeated. */
  readonly stale: number
  /** What was wrong, one line a case. */
  readonly failures: readonly string[]
}

/** Cases that run at once: those that wait for a time to pass keep no other waiting. */
const CONCURRENCY = 16

/** Every call of the scenario fails in every way, once for each recovery. */
export async function sweep(scenario: Scenario): Promise<Sweep> {
  const watched = [...BYSTANDERS, ...(scenario.watched ?? [])]
  const base = createWorld()
  const registry = openRegistry(base, scenario.options)
  await pushAll(registry, watched)
  await scenario.prepare?.(registry)
  await registry.idle()
  const run = (fault: Fault | null, recovery: Recovery) =>
    new FaultCase(scenario, copyOf(base), watched, fault).run(recovery)

  const calm = await run(null, 'restart')
  const calls = calm.calls
  const results: CaseResult[] = []
  const failures: string[] = []
  const queue = casesOf(calls, scenario.recoveries ?? ['restart', 'retry'])
  async function work(): Promise<void> {
    for (const { fault, recovery } of queue) {
      const what = `${fault.mode} at ${fault.at} (${calls[fault.at - 1] ?? 'none'}), ${recovery}`
      try {
        const result = await run(fault, recovery)
        if (result.fired !== fault.at <= calls.length) throw new Misbehaviour('the sweep did not end at the last call')
        const reached = result.calls.slice(0, fault.at)
        if (reached.join() !== calls.slice(0, fault.at).join())
          throw new Misbehaviour(`the calls are not those of the run without fault: ${reached.join(', ')}`)
        results.push(result)
      } catch (error) {
        if (!(error instanceof Misbehaviour || error instanceof Refusal)) throw error
        failures.push(`${what}: ${error.message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  const total = (count: (result: CaseResult) => number) => results.reduce((sum, result) => sum + count(result), 0)
  return {
    calls,
    cases: results.length + failures.length,
    refused: total(({ refused }) => Number(refused)),
    leaks: total(({ leaks }) => leaks),
    stale: total(({ stale }) => Number(stale)),
    failures,
  }
}

/** One call more than there are: the last case must find none to fail. */
function* casesOf(calls: readonly string[], recoveries: readonly Recovery[]) {
  for (let at = 1; at <= calls.length + 1; at++)
    for (const mode of MODES) {
      if ((mode === 'cut' || mode === 'stall') && !BODIED.test(calls[at - 1] ?? '')) continue
      for (const recovery of recoveries) yield { fault: { mode, at }, recovery }
    }
}
