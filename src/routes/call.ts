import type { Caller } from '../auth/access.ts'
import { currentRequest } from '../log.ts'
import { namespaceOf } from '../oci/namespace.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { createEdgeReads, type EdgeReads } from '../registry/edge-reads.ts'
import type { Services } from '../services.ts'

/** One request, parsed as far as every handler needs it. */
export interface OpenCall {
  readonly request: Request
  readonly url: URL
  readonly params: Readonly<Record<string, string | undefined>>
  /** Where it came from; `null` where the platform does not say. */
  readonly address: string | null
  /** Runs on after the answer, and when the client has gone. */
  readonly background: (work: Promise<unknown>) => void
}

/** One whose caller is known, and may have what the route gives. */
export interface Call extends OpenCall {
  readonly caller: Caller
}

/** A call to a route below `/v2/<name>/`. */
export interface RepositoryCall extends Call {
  readonly repository: RepositoryName
}

/** Notes a change in the audit log, where there is one. To be awaited before the change itself. */
export async function audit(
  { address, caller, repository }: RepositoryCall,
  { accounts, now }: Services,
  action: string,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await accounts?.auditLog.append(namespaceOf(repository), {
    at: now().toISOString(),
    by: caller.name,
    token: caller.tokenId,
    from: address,
    requestId: currentRequest()?.requestId ?? null,
    action,
    subject: repository,
    detail,
  })
}

/** What this location remembers, for this call. */
export function edgeReads({ url, background }: OpenCall, services: Services): EdgeReads {
  return createEdgeReads(services, url.origin, background)
}

/** Answers whoever asks. */
export type OpenHandler = (call: OpenCall, services: Services) => Promise<Response>
export type Handler = (call: Call, services: Services) => Promise<Response>
export type RepositoryHandler = (call: RepositoryCall, services: Services) => Promise<Response>
