import { firstLine } from '../../../node/failure.ts'
import type { Login } from '../login.ts'
import { Broken, type OutsideFinding, type Outcome } from './finding.ts'
import { NoAnswer, type Network, type Send } from './send.ts'

export type Found<T> = readonly [outcome: Outcome, found: T]

/** What a probe works with. */
export interface Visit {
  readonly registry: URL
  readonly login: Login | null
  readonly network: Network
  readonly send: Send
  /** For what must be done also after Ctrl-C. */
  readonly sendAnyway: Send
  readonly signal: AbortSignal
  /** The bound on how late a tag may be seen. */
  readonly staleMs: number
  /** Looks, and reports the finding. What goes wrong on the way is a finding too. */
  readonly check: (name: string, look: () => Promise<Outcome> | Outcome) => Promise<boolean>
  /** The same for what has also something to hand on; `null` when it threw. */
  readonly find: <T>(name: string, look: () => Promise<Found<T>> | Found<T>) => Promise<T | null>
  /** Never to be shown from now on. */
  readonly hide: (secret: string) => void
}

export const ASK_AGAIN =
  'see that it runs, and that this machine can reach it; one that is slow needs a longer --timeout'

export function createCheck(
  report: (finding: OutsideFinding) => void,
  signal: AbortSignal,
): Pick<Visit, 'check' | 'find' | 'hide'> {
  const secrets = new Set<string>()
  const withoutSecrets = (text: string): string => {
    let shown = text
    for (const secret of secrets) shown = shown.replaceAll(secret, '[secret]')
    return shown.replace(/([?&][\w-]*(?:signature|credential|token|state)[\w-]*=)[^&\s"']+/gi, '$1[secret]')
  }
  async function look<T>(name: string, act: () => Promise<Found<T>>): Promise<readonly [Outcome, T | null]> {
    const [outcome, found] = await act().catch((error: unknown) => {
      if (!(error instanceof Broken)) signal.throwIfAborted()
      return [failureOf(error), null] as const
    })
    const { verdict, seen, todo } = outcome
    const hidden = todo === undefined ? {} : { todo: withoutSecrets(todo) }
    report({ name, verdict, seen: withoutSecrets(seen), ...hidden })
    return [outcome, found]
  }

  return {
    hide(secret) {
      if (secret.length > 3) secrets.add(secret)
    },
    async find(name, act) {
      const [, found] = await look(name, async () => act())
      return found
    },
    async check(name, act) {
      const [{ verdict }] = await look(name, async () => [await act(), null])
      return verdict !== 'fail'
    },
  }
}

function failureOf(error: unknown): Outcome {
  if (error instanceof Broken) return { verdict: 'fail', seen: error.message, todo: error.todo }
  if (error instanceof NoAnswer) return { verdict: 'fail', seen: error.message, todo: ASK_AGAIN }
  return { verdict: 'fail', seen: `this check itself has failed: ${firstLine(error)}`, todo: 'report it as a bug' }
}

/** A URL without its query: what is signed is in there. */
export function placeOf(url: URL): string {
  return url.origin + url.pathname
}
