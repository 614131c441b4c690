import type { LoggedRequest, Tally } from '../log.ts'

/** One request, once its answer is known. */
export interface Answered {
  readonly request: LoggedRequest
  readonly tally: Tally
  readonly status: number
  /** Of the error that was answered, such as `BLOB_UNKNOWN`; `null` for none. */
  readonly code: string | null
  /** Until the answer began; what is streamed after that is not in it. */
  readonly milliseconds: number
}

/** Is told of every answer. Does no I/O that anybody waits for, and never throws. */
export type Observer = (answered: Answered) => void

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The method, as far as it may be counted by: clients can make up any. */
export function countedMethod({ request }: Answered): string {
  return METHODS.includes(request.method) ? request.method : 'other'
}
