import type { Accounts } from '../../accounts/accounts.ts'
import type { ApiAccess } from '../../accounts/api-access.ts'
import type { Principal } from '../../accounts/principal.ts'
import type * as z from 'zod'

import { RegistryError } from '../../oci/errors.ts'
import type { NamespaceName } from '../../oci/namespace.ts'
import type { RepositoryName } from '../../oci/repository.ts'
import type { Services } from '../../services.ts'
import type { AuditSubject } from '../../storage/audit-log.ts'
import type { OpenCall } from '../call.ts'

/** One request of the API, whose caller is known and may have what the endpoint gives. */
export interface ApiCall extends OpenCall {
  readonly services: Services
  readonly accounts: Accounts
  readonly principal: Principal
  /** As records name them. */
  readonly by: string
  readonly now: Date
  /**
   * Writes an event into the audit log. To be awaited before the change itself: no change goes unseen, though an event
   * may tell of one that then failed.
   *
   * @param action `<kind of thing>.<verb>`
   */
  audit(about: AuditSubject, action: string, subject: string, detail?: Readonly<Record<string, unknown>>): Promise<void>
}

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** An endpoint of the API: what it is for, what it needs, what goes in and out, and who answers. */
export interface ApiEndpoint {
  readonly method: ApiMethod
  /** Below `/api/v1`, in the router's words: `:name` is one component, `:name+` one or more. */
  readonly path: string
  readonly access: ApiAccess
  readonly summary: string
  /** Whether it takes `n` and `last`, and what else the query may hold. */
  readonly query?: Readonly<Record<string, string>>
  readonly body?: z.ZodType
  /** Status and body of success; `null` for no body. */
  readonly answer: readonly [status: 200 | 201 | 204, body: z.ZodType | null]
  readonly handle: (call: ApiCall, body: unknown) => Promise<Response>
}

/** Ties the type of the body that `handle` takes to the schema that it is checked by. */
export function endpoint<B extends z.ZodType>(
  described: Omit<ApiEndpoint, 'handle' | 'body'> & {
    readonly body?: B
    readonly handle: (call: ApiCall, body: z.output<B>) => Promise<Response>
  },
): ApiEndpoint {
  return described as ApiEndpoint
}

/** @throws {RegistryError} when the route has no such component */
export function namespaceIn(call: ApiCall): NamespaceName {
  return (call.params['namespace'] ?? '') as NamespaceName // checked by the dispatcher
}

export function repositoryIn(call: ApiCall): RepositoryName {
  return (call.params['name'] ?? '') as RepositoryName // checked by the dispatcher
}

/** @throws {RegistryError} `CONFLICT`, saying what stands in the way */
export function conflict(detail: string): RegistryError {
  return new RegistryError('CONFLICT', { detail })
}
