import type { Accounts } from '../accounts/accounts.ts'
import type { Caller } from '../auth/access.ts'
import { currentRequest } from '../log.ts'
import { RegistryError } from '../oci/errors.ts'
import { namespaceOf } from '../oci/namespace.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { createEdgeReads, type EdgeReads } from '../registry/edge-reads.ts'
import type { Services } from '../services.ts'
import type { AuditEvent, AuditSubject } from '../storage/audit-log.ts'

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

/** @throws {RegistryError} `UNSUPPORTED` (404) for a registry that is open to everybody */
export function requireAccounts({ accounts }: Services): Accounts {
  if (accounts !== null) return accounts
  throw new RegistryError('UNSUPPORTED', { status: 404, detail: 'this registry has no accounts' })
}

/** Notes a change in the audit log, where there is one. To be awaited before the change itself. */
export async function audit(
  { address, caller, repository }: RepositoryCall,
  { accounts, now }: Services,
  action: string,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  const event = { at: now().toISOString(), by: caller.name, token: caller.tokenId, action, subject: repository, detail }
  if (accounts !== null) await appendEvent(accounts, address, namespaceOf(repository), event)
}

/** Appends an event, and where this request came from. */
export async function appendEvent(
  { auditLog }: Accounts,
  address: string | null,
  about: AuditSubject,
  event: Omit<AuditEvent, 'from' | 'requestId'>,
): Promise<void> {
  await auditLog.append(about, { ...event, from: address, requestId: currentRequest()?.requestId ?? null })
}

/** What this location remembers, for this call. */
export function edgeReads({ url, background }: OpenCall, services: Services): EdgeReads {
  return createEdgeReads(services, url.origin, background)
}

/** Answers whoever asks. */
export type OpenHandler = (call: OpenCall, services: Services) => Promise<Response>
export type Handler = (call: Call, services: Services) => Promise<Response>
export type RepositoryHandler = (call: RepositoryCall, services: Services) => Promise<Response>
