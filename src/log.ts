import { AsyncLocalStorage } from 'node:async_hooks'

/** What every line of the log says of the request it belongs to. */
export interface LoggedRequest {
  /** Also in the answer, as `X-Request-Id`. */
  readonly requestId: string
  readonly method: string
  /** Without the query: it carries upload tokens. */
  readonly path: string
}

const current = new AsyncLocalStorage<LoggedRequest>()

/** Runs `work`, and whatever it leaves running, so that its log lines belong to this request. */
export function logAs<T>(request: LoggedRequest, work: () => T): T {
  return current.run(request, work)
}

/** The request that is being answered; `undefined` outside of one. */
export function currentRequest(): LoggedRequest | undefined {
  return current.getStore()
}

/** One line for the operator: a fault that is ours, the storage's or KV's. Never what a client did wrong. */
export function logFault(fault: unknown): void {
  console.error(JSON.stringify({ level: 'error', ...current.getStore(), fault: describe(fault) }))
}

/** One line for the operator: why somebody was not let in, where the answer must not say it. */
export function logRefusal(reason: string): void {
  console.warn(JSON.stringify({ level: 'warning', ...current.getStore(), refusal: reason }))
}

function describe(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  const text = fault.stack ?? fault.message
  return fault.cause === undefined ? text : `${text}\nbecause of ${describe(fault.cause)}`
}
