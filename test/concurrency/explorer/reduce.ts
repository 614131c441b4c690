import type { Touch, Transition } from './run.ts'

/** What need not be chosen at a moment: the orders that it would begin are all covered. */
export type Asleep = ReadonlyMap<string, Transition>

/** What is still asleep when `chosen` has happened ("sleep sets"). */
export function asleepAfter(asleep: Asleep, chosen: Transition): Map<string, Transition> {
  return new Map([...asleep].filter(([, other]) => commute(other, chosen)))
}

/**
 * Two things that may happen at one moment have the same end in either order. A fault changes what its own process
 * does next, and takes from what is left of faults.
 */
function commute(a: Transition, b: Transition): boolean {
  if (a.fault !== null && b.fault !== null) return false
  if (a.owner === b.owner && !a.late && !b.late && (a.fault !== null || b.fault !== null)) return false
  return !a.touches.some((one) => b.touches.some((other) => conflict(one, other)))
}

function conflict(a: Touch, b: Touch): boolean {
  if (!a.write && !b.write) return false
  if (a.key === b.key) return true
  return (a.prefix === true && b.key.startsWith(a.key)) || (b.prefix === true && a.key.startsWith(b.key))
}

export interface Privacy {
  /**
   * Of what may happen next all that has to be tried: if all that one process may do is its own business, that is
   * enough, since whatever the others do meanwhile commutes with it ("persistent sets").
   */
  narrow(choices: readonly Transition[]): readonly Transition[]
  /** Whether something that was taken for a process's own business has turned out not to be: explore anew then. */
  wrong(): boolean
}

/**
 * Learns which keys are a process's own business: nobody else conflicts with it there, in any order. It begins by
 * believing that of all keys.
 */
export function createPrivacy(): Privacy {
  const known = new Map<string, { owner: string; touch: Touch }>()
  const believed = new Map<string, boolean>()
  let mistaken = false

  const nameOf = (owner: string, { key, prefix, write }: Touch) => `${owner} ${String(write)} ${String(prefix)} ${key}`

  function learn(owner: string, touch: Touch): void {
    const name = nameOf(owner, touch)
    if (known.has(name)) return
    for (const [otherName, other] of known) {
      if (other.owner === owner || !conflict(touch, other.touch)) continue
      if (believed.get(otherName) === true) mistaken = true
      believed.set(otherName, false)
      believed.set(name, false)
    }
    known.set(name, { owner, touch })
  }

  function isOwn(owner: string, touch: Touch): boolean {
    const name = nameOf(owner, touch)
    if (!believed.has(name)) believed.set(name, true)
    return believed.get(name) === true
  }

  return {
    narrow(choices) {
      for (const { owner, touches } of choices) for (const touch of touches) learn(owner, touch)
      for (const owner of new Set(choices.map((choice) => choice.owner))) {
        const own = choices.filter((choice) => choice.owner === owner)
        if (own.every(({ touches }) => touches.every((touch) => isOwn(owner, touch)))) return own
      }
      return choices
    },
    wrong() {
      const was = mistaken
      mistaken = false
      return was
    },
  }
}
