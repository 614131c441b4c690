import type { Caller } from '../auth/access.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { createEdgeReads, type EdgeReads } from '../registry/edge-reads.ts'
import type { Services } from '../services.ts'

/** One request, parsed as far as every handler needs it. */
export interface Call {
  readonly request: Request
  readonly url: URL
  readonly params: Readonly<Record<string, string | undefined>>
  readonly caller: Caller
  /** Runs on after the answer, and when the client has gone. */
  readonly background: (work: Promise<unknown>) => void
}

/** A call to a route below `/v2/<name>/`. */
export interface RepositoryCall extends Call {
  readonly repository: RepositoryName
}

/** What this location remembers, for this call. */
export function edgeReads({ url, background }: Call, services: Services): EdgeReads {
  return createEdgeReads(services, url.origin, background)
}

export type Handler = (call: Call, services: Services) => Promise<Response>
export type RepositoryHandler = (call: RepositoryCall, services: Services) => Promise<Response>
