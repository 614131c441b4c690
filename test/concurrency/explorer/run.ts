import { RegistryError } from '../../../src/oci/errors.ts'

/** What a step reads or writes: one key, or all that begin with it. */
export interface Touch {
  readonly key: string
  readonly prefix?: true
  readonly write: boolean
}

/** How a call may go wrong. A write that is `late` is reported as failed, and acts at some later moment. */
export type Fault = 'fails' | 'acts, fails' | 'late' | 'crash'

export interface MetFault {
  readonly fault: Fault
  /** The call's name. */
  readonly step: string
}

export interface Step<T> {
  readonly name: string
  readonly touches: readonly Touch[]
  /** Called at most once, when it is the step's turn; everything it does is done before anybody else goes on. */
  act(): Promise<T>
  /** For a read that lags: each answer that it may give in place of what `act` gives, with a name for the trace. */
  answers?(): readonly { readonly name: string; readonly value: T }[]
  /** Which faults it may meet; all that fit, by default. */
  readonly faults?: readonly Fault[]
}

/** Something that may happen next. */
export interface Transition {
  /** The same in every order in which it happens. */
  readonly id: string
  /** The process whose call it is. */
  readonly owner: string
  /** Whether that process does not wait for it any more. */
  readonly late: boolean
  readonly touches: readonly Touch[]
  readonly fault: Fault | null
  take(): Promise<void>
}

/** One request, or what else can crash by itself: its calls to storage and KV are steps. */
export interface Process {
  readonly name: string
  /** What its calls have met so far. */
  readonly faults: readonly MetFault[]
  step<T>(step: Step<T>): Promise<T>
}

export interface Run {
  /**
   * Begins a process, with a step that touches `begin`.
   *
   * @param work answers when the client has its answer; what it gives to `background` goes on
   * @returns `null` if it has crashed
   */
  begin<T>(name: string, work: (process: Process) => Promise<T>, begin?: readonly Touch[]): Promise<T | null>
  /** What may happen next, once all has come to rest; nothing at the end. */
  ready(): Promise<readonly Transition[]>
  /** A number of the running process, and how many it has taken: unique, and the same in every order. */
  nextId(): { process: string; count: number }
}

interface Pending {
  readonly process: Actor
  readonly id: string
  readonly step: Step<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Actor extends Process {
  readonly faults: MetFault[]
  readonly counts: Map<string, number>
  readonly crash: () => void
  ids: number
}

const MAX_TURNS_WITHOUT_STEP = 1000

/** @param budget how many faults may happen in all */
export function createRun(budget: number, kinds: readonly Fault[] = ['fails', 'acts, fails', 'late', 'crash']): Run {
  let pending: Pending[] = []
  let late: Transition[] = []
  let left = budget
  let open = 0
  let current: Actor | null = null

  function createActor(name: string, crash: () => void): Actor {
    const actor: Actor = { name, faults: [], counts: new Map(), crash, ids: 0, step }
    function step<T>(called: Step<T>): Promise<T> {
      const count = (actor.counts.get(called.name) ?? 0) + 1
      actor.counts.set(called.name, count)
      const id = `${name}: ${called.name}${count === 1 ? '' : ` #${count}`}`
      return new Promise<T>((resolve, reject) => {
        if (actor.faults.some(({ fault }) => fault === 'crash')) return // it waits for ever
        const settle = (value: unknown) => {
          resolve(value as T)
        }
        pending.push({ process: actor, id, step: called, resolve: settle, reject })
      })
    }
    return actor
  }

  function transitionsOf(waiting: Pending): Transition[] {
    const { process, id, step } = waiting
    const { touches } = step
    const owner = process.name
    const take = async (act: () => Promise<unknown>) => {
      pending = pending.filter((other) => other !== waiting)
      current = process
      await act().then(waiting.resolve, waiting.reject)
    }
    const answers = step.answers?.() ?? []
    const going: Transition[] =
      answers.length === 0
        ? [{ id, owner, touches, late: false, fault: null, take: () => take(() => step.act()) }]
        : answers.map(({ name, value }) => ({
            id: `${id} = ${name}`,
            owner,
            touches,
            late: false,
            fault: null,
            take: () => take(() => Promise.resolve(value)),
          }))
    const faults = left === 0 ? [] : kinds.filter((kind) => step.faults?.includes(kind) ?? true)
    const failing = faults.flatMap((fault): Transition[] => {
      const writes = touches.some(({ write }) => write)
      if (!writes && (fault === 'late' || fault === 'acts, fails')) return []
      const goWrong = async () => {
        left--
        process.faults.push({ fault, step: step.name })
        if (fault === 'crash') {
          pending = pending.filter((other) => other.process !== process)
          process.crash()
          return
        }
        await take(async () => {
          if (fault === 'acts, fails') await step.act()
          if (fault === 'late') land(waiting)
          throw new RegistryError('UNAVAILABLE', { cause: 'made to fail' })
        })
      }
      const seen = fault === 'acts, fails' ? touches : []
      return [{ id: `${id} (${fault})`, owner, touches: seen, late: false, fault, take: goWrong }]
    })
    return [...going, ...failing]
  }

  function land({ process, id, step }: Pending): void {
    const landing: Transition = {
      id: `late, ${id}`,
      owner: process.name,
      touches: step.touches,
      late: true,
      fault: null,
      async take() {
        late = late.filter((other) => other !== landing)
        await step.act().catch(() => undefined)
      },
    }
    late.push(landing)
  }

  return {
    async begin(name, work, begin = []) {
      const { promise: crashed, resolve: crash } = Promise.withResolvers<null>()
      const actor = createActor(name, () => {
        crash(null)
      })
      open++
      const worked = actor.step({ name: 'begins', touches: begin, act: () => Promise.resolve(), faults: [] })
      try {
        return await Promise.race([worked.then(() => work(actor)), crashed])
      } finally {
        open--
      }
    },

    async ready() {
      for (let turn = 0; turn < MAX_TURNS_WITHOUT_STEP; turn++) {
        await atRest()
        if (pending.length > 0 || open === 0) return [...pending.flatMap(transitionsOf), ...late]
      }
      throw new Error(`"${current?.name ?? ''}" waits for something that is no step`)
    },

    nextId: () => ({ process: current?.name ?? '', count: current === null ? 0 : ++current.ids }),
  }
}

/** Lets every promise that can go on do so. */
function atRest(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
