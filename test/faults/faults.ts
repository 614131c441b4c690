import { RegistryError } from '../../src/oci/errors.ts'

/** What the k-th call to storage or KV does instead of what it should. */
export const MODES = [
  'refused', // fails before it acts
  'lost', // acts, and the answer is lost
  'cut', // breaks off in the middle of a body, of a request's or of an answer's
  'hang', // is silent until the time is up
  'stall', // takes or gives some of a body, and is silent then
  'late', // fails, and acts when the client has its answer
  'later', // fails, and acts when the client has repeated all
  'down', // fails, and so do all that follow
  'killed', // the function ends there: nothing acts any more, nobody is answered
  'killed after', // the same, when the call has acted
] as const

export type Mode = (typeof MODES)[number]

/** The setting: how long a call may take. */
export const HANG_MS = 50

export interface Fault {
  readonly mode: Mode
  /** Which call it is, counted from 1. */
  readonly at: number
}

/** How a call with a body misbehaves; what is not given here is a plain call's way. */
export type Ways<T> = Partial<Record<Mode, () => Promise<T>>>

/**
 * Counts the calls that go through `call`, and makes one of them fail.
 *
 * @param before waited for before each call acts: others may look at the storage then
 */
export class Faults {
  /** Each call so far, as its name and key. */
  readonly calls: string[] = []
  /** Resolves when the function is killed. */
  readonly killed: Promise<void>
  readonly #fault: Fault | null
  readonly #before: () => Promise<void>
  readonly #late: (() => Promise<unknown>)[] = []
  #dead = false
  #fired = false
  #die: () => void

  constructor(fault: Fault | null, before: () => Promise<void>) {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.killed = promise
    this.#die = () => {
      this.#dead = true
      resolve(undefined)
    }
    this.#fault = fault
    this.#before = before
  }

  get mode(): Mode | null {
    return this.#fault?.mode ?? null
  }

  /** Whether the call that was to fail has come. */
  get fired(): boolean {
    return this.#fired
  }

  /** Lets act what was held back, now that its failure has been answered; answers whether there was anything. */
  async land(): Promise<boolean> {
    const acts = this.#late.splice(0)
    for (const act of acts) await act().catch(() => undefined)
    return acts.length > 0
  }

  async call<T>(name: string, act: () => Promise<T>, ways: Ways<T> = {}): Promise<T> {
    if (this.#dead) return never()
    const count = this.calls.push(name)
    await this.#before()
    const mode = this.#modeOf(count)
    if (mode !== null) this.#fired = true
    const result = await (mode === null ? act() : (ways[mode] ?? (() => this.#fail(mode, act)))())
    return this.#isDead() ? never() : result
  }

  #modeOf(count: number): Mode | null {
    const { at = Infinity, mode = null } = this.#fault ?? {}
    return count === at || (mode === 'down' && count > at) ? mode : null
  }

  #isDead(): boolean {
    return this.#dead
  }

  async #fail<T>(mode: Mode, act: () => Promise<T>): Promise<T> {
    if (mode === 'killed') this.#die()
    if (mode === 'lost' || mode === 'killed after') await act()
    if (mode === 'killed after') this.#die()
    if (this.#isDead()) return never()
    if (mode === 'late' || mode === 'later') this.#late.push(act)
    if (mode === 'hang' || mode === 'stall') await passed(HANG_MS)
    throw unavailable()
  }

  /** For a call whose act is in two halves: holds `act` back until `land`. */
  delay(act: () => Promise<unknown>): void {
    this.#late.push(act)
  }
}

export function unavailable(): RegistryError {
  return new RegistryError('UNAVAILABLE', { cause: new Error('a fault of the test') })
}

/** What nobody ever answers. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}

function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
