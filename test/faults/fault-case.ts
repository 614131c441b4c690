import { Client, Misbehaviour, Refusal, type Recovery } from './client.ts'
import { Faults, never, type Fault } from './faults.ts'
import { glance, pullAll, type Watched } from './observer.ts'
import type { Operation, Scenario } from './scenario.ts'
import { check, openFaultyRegistry, openObserver, openRegistry, staleTags, type Instance, type World } from './world.ts'

/** The first answer to a request whose storage is at fault. */
const FAULT_ANSWERS = ['503 UNAVAILABLE', '503', 'connection cut']

/** What a request may be answered that is sent again as it was: its first time may have done it all. */
const RETRY_ANSWERS = ['404 BLOB_UPLOAD_UNKNOWN', '416 RANGE_INVALID', '404 MANIFEST_UNKNOWN', '404 BLOB_UNKNOWN']

export interface CaseResult {
  readonly calls: readonly string[]
  readonly fired: boolean
  readonly refused: boolean
  readonly leaks: number
  readonly stale: boolean
}

/**
 * One operation with one fault, and all that is asked of it: an error or a true success, nothing broken, nobody else
 * disturbed, and its repetition succeeds.
 */
export class FaultCase {
  readonly #scenario: Scenario
  readonly #operation: Operation
  readonly #world: World
  readonly #observer: Instance
  readonly #watched: readonly Watched[]
  readonly #faults: Faults
  readonly #fault: Fault | null
  #refused = false
  #stale = false
  #leaks = 0

  constructor(scenario: Scenario, world: World, watched: readonly Watched[], fault: Fault | null) {
    this.#scenario = scenario
    this.#operation = scenario.operation()
    this.#world = world
    this.#observer = openObserver(world)
    this.#watched = watched
    this.#fault = fault
    this.#faults = new Faults(fault, () => glance(this.#observer, watched).catch(this.#note))
  }

  #meanwhile: unknown = null
  readonly #note = (error: unknown): void => {
    this.#meanwhile ??= error
  }

  /** @throws {Misbehaviour | Refusal} what is wrong */
  async run(recovery: Recovery): Promise<CaseResult> {
    const { options = {} } = this.#scenario
    const registry = openFaultyRegistry(this.#world, this.#faults, options)
    const ended = () => Promise.race([registry.idle(), this.#faults.killed])
    const connection = { registry, killed: this.#faults.killed, expected: this.#operation.refusal }
    const client = new Client(connection, recovery, async (refusal) => {
      await ended()
      await this.#afterFailure(refusal)
      return openRegistry(this.#world, options)
    })
    const done = await this.#attempt(client, false)
    await ended()
    const calls = this.#faults.calls.map(withoutChance)
    if (!done || !this.#refused) await this.#again()
    if (await this.#faults.land()) await this.#expectPromised(true)
    const { fired } = this.#faults
    return { calls, fired, refused: this.#refused, leaks: this.#leaks, stale: this.#stale }
  }

  async #again(): Promise<void> {
    const registry = openRegistry(this.#world, this.#scenario.options)
    const connection = { registry, killed: never<undefined>(), expected: this.#operation.refusal }
    const client = new Client(connection, 'restart', (refusal) => {
      throw new Misbehaviour(`the repetition fails: ${refusal.message}`)
    })
    if (!(await this.#attempt(client, true))) throw new Misbehaviour('the repetition fails')
    await registry.idle()
  }

  /** Whether it has come to its end, be that the refusal which it must be given. */
  async #attempt(client: Client, again: boolean): Promise<boolean> {
    const { refusal } = this.#operation
    try {
      await this.#operation.run(client, again)
      if (refusal !== undefined) throw new Misbehaviour('it succeeded, and should be refused')
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error.answer !== refusal) {
        if (error !== client.firstRefusal && !RETRY_ANSWERS.includes(error.answer)) throw error
        return false
      }
    }
    await this.#expectPromised(again || this.#refused) // the last time
    return true
  }

  async #afterFailure(refusal: Refusal): Promise<void> {
    this.#refused = true
    if (!FAULT_ANSWERS.includes(refusal.answer)) throw new Misbehaviour(`the fault is answered so: ${refusal.message}`)
    if (this.#fault?.mode === 'late') await this.#faults.land()
    const stale = staleTags(this.#world)
    this.#stale = stale.length > 0
    if (this.#stale && !this.#mayBeStale()) throw new Misbehaviour(`after ${refusal.answer} ${stale.join(', ')}`)
    await this.#expectSound('after the failure', false)
  }

  /** A crash or a late write may leave KV behind the record until it expires, and so does a KV that fails. */
  #mayBeStale(): boolean {
    if (this.#fault === null || this.#scenario.staleBefore === true) return this.#scenario.staleBefore === true
    const { mode, at } = this.#fault
    return (
      !['refused', 'lost', 'cut', 'hang', 'stall'].includes(mode) ||
      this.#faults.calls[at - 1]?.startsWith('kv ') === true
    )
  }

  async #expectPromised(verify: boolean): Promise<void> {
    await this.#operation.promised(this.#observer)
    const stale = staleTags(this.#world)
    if (stale.length > 0) throw new Misbehaviour(`after success ${stale.join(', ')}`)
    await this.#expectSound('after success', verify)
  }

  async #expectSound(when: string, verify: boolean): Promise<void> {
    if (this.#meanwhile !== null) throw this.#meanwhile as Error
    const { breaches, leaks } = await check(this.#world, verify)
    if (breaches.length > 0) throw new Misbehaviour(`${when} fsck finds ${breaches.join('; ')}`)
    this.#leaks = leaks
    await pullAll(this.#observer, this.#watched)
  }
}

/** A call's name without what differs from run to run. */
function withoutChance(call: string): string {
  return call.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '*').replace(/(_history\/[^/]+\/)\d+/, '$1*')
}
