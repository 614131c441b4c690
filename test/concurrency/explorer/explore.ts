import { expect } from 'vitest'

import { asleepAfter, createPrivacy, type Asleep, type Privacy } from './reduce.ts'
import { createRun, type Fault, type Run, type Transition } from './run.ts'

/** Starts its processes anew, and answers a check of what they will have left behind, which throws. */
export type Scenario = (run: Run) => () => Promise<void> | void

export interface Exploration {
  /** Orders run to their end and checked. */
  orders: number
  /** Orders given up, because one that differs only in steps that commute has been run. */
  cut: number
}

interface Options {
  /** Most faults of one order; none by default. */
  faults?: number
  kinds?: readonly Fault[]
  /** Whether orders that differ only in steps that commute are run once; they are by default. */
  reduce?: boolean
}

/** One moment of the order at hand, where something had to be chosen. */
interface Moment {
  readonly choices: readonly Transition[]
  asleep: Asleep
  chosen: Transition
}

/**
 * Runs a scenario in every order of its steps, with every way that each may go wrong, and checks each.
 *
 * Orders that differ only in steps that commute end alike, so one of them is run; reduce.ts tells which, and
 * explorer.test.ts compares their ends with those of all orders.
 */
export async function everyOrder(scenario: Scenario, options: Options = {}): Promise<Exploration> {
  const privacy = createPrivacy()
  const count: Exploration = { orders: 0, cut: 0 }
  let path: Moment[] = []
  for (let more = true; more;) {
    if (await runAlong(path, scenario, options, privacy)) count.orders++
    else count.cut++
    if (privacy.wrong()) {
      path = []
      count.orders = count.cut = 0
    } else more = turnBack(path)
  }
  return count
}

/** Repeats the order that `path` begins, and runs it on to its end; answers whether it was worth that. */
async function runAlong(path: Moment[], scenario: Scenario, options: Options, privacy: Privacy): Promise<boolean> {
  const { faults = 0, kinds, reduce = true } = options
  const run = createRun(faults, kinds)
  const check = scenario(run)
  let depth = 0
  for (let ready = await run.ready(); ready.length > 0; ready = await run.ready()) {
    const known = path[depth++]
    const asleep = reduce ? asleepNext(path[depth - 2]) : new Map()
    if (known === undefined) {
      const choices = reduce ? privacy.narrow(ready) : ready
      const chosen = choices.find(({ id }) => !asleep.has(id))
      if (chosen === undefined) return false
      path.push({ choices, asleep, chosen })
      await chosen.take()
    } else {
      const again = ready.find(({ id }) => id === known.chosen.id)
      if (again === undefined) throw new Error(`Cannot repeat the order: "${known.chosen.id}" is not to be had`)
      await again.take()
    }
  }
  await checked(check, () => `in the order\n${traceOf(path.map(({ chosen }) => chosen))}`)
  return true
}

function asleepNext(moment: Moment | undefined): Asleep {
  return moment === undefined ? new Map() : asleepAfter(moment.asleep, moment.chosen)
}

/** Goes back along the path to where another choice is to be taken; answers whether there is one. */
function turnBack(path: Moment[]): boolean {
  for (let moment = path.at(-1); moment !== undefined; moment = path.at(-1)) {
    const asleep = new Map(moment.asleep).set(moment.chosen.id, moment.chosen)
    const next = moment.choices.find(({ id }) => !asleep.has(id))
    if (next !== undefined) {
      moment.asleep = asleep
      moment.chosen = next
      return true
    }
    path.pop()
  }
  return false
}

/** A small generator of numbers (mulberry32): from one seed always the same ones. */
export function createRandom(seed: number) {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    chance: (probability: number) => next() < probability,
    /** A whole number below `bound`. */
    below: (bound: number) => Math.floor(next() * bound),
    pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
      const picked = items[Math.floor(next() * items.length)]
      if (picked === undefined) throw new Error('Cannot pick of nothing')
      return picked
    },
  }
}

export type Random = ReturnType<typeof createRandom>

/** One order of a scenario that is itself made of the seed: the seed is all that is needed to have it again. */
export async function randomOrder(
  seed: number,
  scenario: (run: Run, random: Random) => ReturnType<Scenario>,
  trace?: (lines: string) => void,
): Promise<void> {
  const random = createRandom(seed)
  const run = createRun(random.pick([0, 1, 1, 2]))
  const check = scenario(run, random)
  const taken: Transition[] = []
  const faultChance = random.pick([0.02, 0.1])
  const stayChance = random.pick([0, 0.5, 0.9]) // how likely one process goes on, while the others stand still
  for (let choices = await run.ready(); choices.length > 0; choices = await run.ready()) {
    const faulty = random.chance(faultChance)
    const kind = choices.filter(({ fault }) => (fault !== null) === faulty)
    const open = kind.length > 0 ? kind : choices.filter(({ fault }) => fault === null)
    const same = open.filter(({ owner }) => owner === taken.at(-1)?.owner)
    const chosen = random.pick(same.length > 0 && random.chance(stayChance) ? same : open)
    taken.push(chosen)
    await chosen.take()
  }
  trace?.(traceOf(taken))
  await checked(check, () => `with ROADSTEAD_SEED=${seed}, in the order\n${traceOf(taken)}`)
}

async function checked(check: () => Promise<void> | void, order: () => string): Promise<void> {
  try {
    await check()
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${order()}`, { cause: error })
  }
}

function traceOf(transitions: readonly Transition[]): string {
  const short = (id: string) => id.replace(/([0-9a-f]{6})[0-9a-f]{26,}/g, '$1…')
  return transitions.map(({ id }) => `  ${short(id)}`).join('\n')
}

/** For a protocol that is known to be broken: fails when no order shows it. */
export async function expectViolation(exploration: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(exploration).rejects.toThrow(message)
}
