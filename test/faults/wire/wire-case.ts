import { createS3ObjectStore } from '../../../src/storage/s3/s3-object-store.ts'
import { Client, Misbehaviour, Refusal } from '../client.ts'
import { HANG_MS, never } from '../faults.ts'
import { pullAll, type Watched } from '../observer.ts'
import type { Operation, Scenario } from '../scenario.ts'
import { check, instanceOver, openObserver, staleTags, type Instance, type World } from '../world.ts'
import { startFaultProxy, type FaultProxy, type WireCall, type WireFault } from './fault-proxy.ts'
import type { MemoryS3 } from './memory-s3.ts'

/** Where nobody is to be silent, a busy machine must not seem to be. */
const QUIET_TIMEOUT_MS = 5000

/** Four tries of what may take thirty times as long as an ordinary request, the pauses between them, a busy machine. */
const PATIENCE_MS = 60_000

export interface WireResult {
  /** Of the first attempt. */
  readonly calls: readonly WireCall[]
  /** The name of the call that failed; `null` if it did not come. */
  readonly failed: string | null
  /** What the client was answered: `null` for success. */
  readonly refusal: string | null
  readonly leaks: number
}

/**
 * As a case in memory, but between registry and storage are the adapter, its retries and a network that fails.
 *
 * @param hangMs the adapter's timeout where somebody is silent
 */
export async function runWireCase(
  s3: MemoryS3,
  scenario: Scenario,
  world: World,
  watched: readonly Watched[],
  fault: WireFault | null,
  hangMs = HANG_MS,
): Promise<WireResult> {
  const bucket = crypto.randomUUID()
  s3.open(bucket, world.objects)
  const proxy = await startFaultProxy(s3.port, fault)
  try {
    const open = (timeoutMs: number) => openOver(`http://127.0.0.1:${proxy.port}`, bucket, scenario, world, timeoutMs)
    return await new WireCase(scenario, world, watched, proxy, open).run(isSilent(fault) ? hangMs : QUIET_TIMEOUT_MS)
  } finally {
    await proxy.stop()
    s3.close(bucket)
  }
}

export function isSilent(fault: WireFault | null): boolean {
  return fault !== null && /silent|stalls/.test(fault.mode)
}

function openOver(
  endpoint: string,
  bucket: string,
  { options = {} }: Scenario,
  world: World,
  timeoutMs: number,
): Instance {
  const keys = { accessKeyId: 'key', secretAccessKey: 'secret' }
  const features = new Set(options.features)
  const settings = { endpoint, bucket, region: 'auto', ...keys, pathStyle: true, features, timeoutMs }
  return instanceOver(world, () => createS3ObjectStore(settings, options.limits))
}

class WireCase {
  readonly #operation: Operation
  readonly #world: World
  readonly #watched: readonly Watched[]
  readonly #proxy: FaultProxy
  readonly #open: (timeoutMs: number) => Instance
  readonly #observer: Instance
  #leaks = 0

  constructor(
    scenario: Scenario,
    world: World,
    watched: readonly Watched[],
    proxy: FaultProxy,
    open: (timeoutMs: number) => Instance,
  ) {
    this.#operation = scenario.operation()
    this.#world = world
    this.#watched = watched
    this.#proxy = proxy
    this.#open = open
    this.#observer = openObserver(world)
  }

  /** @throws {Misbehaviour | Refusal} what is wrong */
  async run(timeoutMs: number): Promise<WireResult> {
    const instance = this.#open(timeoutMs)
    await instance.objects.head('nothing').catch(() => null) // connects: what comes first would be slow
    this.#proxy.arm()
    const refusal = await this.#attempt(instance, false)
    const calls = [...this.#proxy.calls]
    const failed = this.#proxy.failed()
    if (refusal !== null) {
      if (refusal !== '503 UNAVAILABLE' && refusal !== '503') throw new Misbehaviour(`the fault is answered ${refusal}`)
      const stale = staleTags(this.#world)
      if (stale.length > 0) throw new Misbehaviour(`after ${refusal} ${stale.join(', ')}`)
    }
    this.#proxy.heal()
    const repeated = await this.#attempt(this.#open(QUIET_TIMEOUT_MS), true)
    if (repeated !== null) throw new Misbehaviour(`the repetition is answered ${repeated}`)
    return { calls, failed, refusal, leaks: this.#leaks }
  }

  /** @returns what it was answered; `null` if it succeeded, and all that it promised is there */
  async #attempt(instance: Instance, again: boolean): Promise<string | null> {
    const connection = { registry: instance, killed: never<undefined>() }
    const client = new Client(connection, 'restart', () => Promise.resolve(instance), PATIENCE_MS)
    let answer: string | null = null
    try {
      await this.#operation.run(client, again)
      await this.#operation.promised(this.#observer)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      answer = error.answer
    }
    await instance.idle()
    const { breaches, leaks } = await check(this.#world, again)
    if (breaches.length > 0) throw new Misbehaviour(`fsck finds ${breaches.join('; ')}`)
    this.#leaks = leaks
    await pullAll(this.#observer, this.#watched)
    if (answer === null && staleTags(this.#world).length > 0)
      throw new Misbehaviour(`after success ${staleTags(this.#world).join(', ')}`)
    return answer
  }
}
