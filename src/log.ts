import { AsyncLocalStorage } from 'node:async_hooks'

/** What every line of the log says of the request it belongs to. */
export interface LoggedRequest {
  /** Also in the answer, as `X-Request-Id`. */
  readonly requestId: string
  readonly method: string
  /** Without the query: it carries upload tokens. */
  readonly path: string
}

/** What is counted while a request is answered. Bytes are those of blobs and manifests. */
export interface Tally {
  /** The path as the table of endpoints has it; `none` for one that is not there. */
  route: string
  pushedBytes: number
  /** What the client was given, or told where to get. */
  pulledBytes: number
  /** Blobs that did not have to be stored, since the registry had them. */
  sharedBlobs: number
  sharedBytes: number
}

interface Answering {
  readonly request: LoggedRequest
  readonly tally: Tally
}

const current = new AsyncLocalStorage<Answering>()

/** Runs `work`, and whatever it leaves running, so that its log lines and counts belong to this request. */
export function logAs<T>(request: LoggedRequest, tally: Tally, work: () => T): T {
  return current.run({ request, tally }, work)
}

export function emptyTally(): Tally {
  return { route: 'none', pushedBytes: 0, pulledBytes: 0, sharedBlobs: 0, sharedBytes: 0 }
}

/** The request that is being answered; `undefined` outside of one. */
export function currentRequest(): LoggedRequest | undefined {
  return current.getStore()?.request
}

/** Where to count for the request that is being answered; outside of one, nobody looks at it. */
export function currentTally(): Tally {
  return current.getStore()?.tally ?? emptyTally()
}

/** Counts a blob that did not have to be stored. */
export function countShared(bytes: number): void {
  const tally = currentTally()
  tally.sharedBlobs += 1
  tally.sharedBytes += bytes
}

/** One line for the operator: a fault that is ours, the storage's or KV's. Never what a client did wrong. */
export function logFault(fault: unknown): void {
  console.error(JSON.stringify({ level: 'error', ...currentRequest(), fault: describe(fault) }))
}

/** One line for the operator: why somebody was not let in, where the answer must not say it. */
export function logRefusal(reason: string): void {
  console.warn(JSON.stringify({ level: 'warning', ...currentRequest(), refusal: reason }))
}

function describe(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  const text = fault.stack ?? fault.message
  return fault.cause === undefined ? text : `${text}\nbecause of ${describe(fault.cause)}`
}
