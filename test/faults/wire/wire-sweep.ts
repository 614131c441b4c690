import { Misbehaviour, Refusal } from '../client.ts'
import { HANG_MS } from '../faults.ts'
import { BYSTANDERS, pushAll } from '../scenario.ts'
import { copyOf, createWorld, openRegistry } from '../world.ts'
import { WIRE_MODES, type WireCall, type WireFault } from './fault-proxy.ts'
import type { MemoryS3 } from './memory-s3.ts'
import { isSilent, runWireCase, type WireResult } from './wire-case.ts'
import type { WireScenario } from './wire-scenarios.ts'

export interface WireSweep {
  readonly calls: readonly string[]
  readonly cases: number
  /** Cases in which the adapter's retries made it a success all the same. */
  readonly mended: number
  readonly leaks: number
  readonly failures: readonly string[]
}

/** Cases that run at once: most of them wait for a pause between two tries. */
const CONCURRENCY = 8

/** The timeout, and what it is where that was too short. */
const HANGS_MS = [HANG_MS, 6 * HANG_MS, 30 * HANG_MS]

/**
 * Every request to the storage fails in every way, once, or each time that it is repeated. What can be repeated must
 * then succeed when it fails once, and be an error when it fails for good.
 */
export async function wireSweep(s3: MemoryS3, scenario: WireScenario): Promise<WireSweep> {
  const watched = [...BYSTANDERS, ...(scenario.watched ?? [])]
  const base = createWorld()
  const registry = openRegistry(base)
  await pushAll(registry, watched)
  await scenario.prepare?.(registry)
  await registry.idle()
  const run = (fault: WireFault | null, hangMs = HANG_MS) =>
    runWireCase(s3, scenario, copyOf(base), watched, fault, hangMs)

  const { calls } = await run(null)
  const results: WireResult[] = []
  const failures: string[] = []
  const queue = casesOf(calls)
  function verdict(fault: WireFault, result: WireResult): string | null {
    const [meant, failed] = [calls[fault.at - 1]?.name ?? null, result.failed]
    if (meant === null && failed !== null) return 'the sweep did not end at the last call'
    if (nameOf(failed) !== nameOf(meant)) return `another call failed: ${nameOf(failed)}`
    if (result.refusal === null || !canBeMended(scenario, fault, nameOf(calls[fault.at - 1]?.name ?? null))) return null
    return `it is answered ${result.refusal}, and could have been repeated`
  }
  async function work(): Promise<void> {
    for (const fault of queue) {
      const call = nameOf(calls[fault.at - 1]?.name ?? null)
      const what = `${fault.mode} ${fault.always ? 'always' : 'once'} at ${fault.at} (${call})`
      try {
        for (const hangMs of HANGS_MS) {
          const result = await run(fault, hangMs)
          const wrong = verdict(fault, result)
          // A busy machine is silent too: only what a longer time does not mend is wrong.
          if (wrong !== null && isSilent(fault) && hangMs !== HANGS_MS.at(-1)) continue
          if (wrong === null) results.push(result)
          else failures.push(`${what}: ${wrong}`)
          break
        }
      } catch (error) {
        if (!(error instanceof Misbehaviour || error instanceof Refusal)) throw error
        failures.push(`${what}: ${error.message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  return {
    calls: calls.map(({ name }) => nameOf(name)),
    cases: results.length + failures.length,
    mended: results.filter(({ failed, refusal }) => failed !== null && refusal === null).length,
    leaks: results.reduce((sum, { leaks }) => sum + leaks, 0),
    failures,
  }
}

/** One request more than there are: the last case must find none to fail. */
function* casesOf(calls: readonly WireCall[]): Generator<WireFault> {
  for (const [index, { sends, answers }] of calls.entries())
    for (const mode of WIRE_MODES) {
      if ((mode === 'request cut' && !sends) || (/cut|stalls/.test(mode) && mode.startsWith('answer') && !answers))
        continue
      for (const always of [false, true]) yield { mode, at: index + 1, always }
    }
  yield { mode: 'closed', at: calls.length + 1, always: false }
}

/** What fails once must succeed at the next try, unless it cannot be tried again. */
function canBeMended(scenario: WireScenario, { mode, always }: WireFault, call: string): boolean {
  if (always || (scenario.streams === true && call.startsWith('PUT blobs/'))) return false
  return mode !== 'answer cut' && mode !== 'answer stalls' // its first bytes were taken for success
}

/** Without the bucket, and what differs from run to run. */
function nameOf(call: string | null): string {
  if (call === null) return 'none'
  return call
    .replace(/ \/[^/?]+\/?/, ' ')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '*')
    .replaceAll(/\b([0-9a-f]{8})[0-9a-f]{24,}/g, '$1')
    .replace(/(_history\/[^/]+\/)\d+/, '$1*')
}
