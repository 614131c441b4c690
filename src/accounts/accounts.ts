import { hashOf } from '../auth/access-token.ts'
import { createShortTokens } from '../auth/short-token.ts'
import { AccessTokens } from '../storage/access-tokens.ts'
import { AuditLog } from '../storage/audit-log.ts'
import { Members } from '../storage/members.ts'
import { newRepositoryVisibility } from './permissions.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { Namespaces, type Visibility } from '../storage/namespaces.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { Repositories } from '../storage/repositories.ts'
import { TrustRules } from '../storage/trust-rules.ts'
import { operatorRefreshToken, type LoginStores } from './authenticate.ts'
import type { LoginFailures } from './login-failures.ts'
import { createOidcIssuers } from './oidc-issuers.ts'

/** All that the registry needs to know who may do what. */
export interface Accounts extends LoginStores {
  readonly loginFailures: LoginFailures
  readonly auditLog: AuditLog
  /** See `newRepositoryVisibility`. */
  newVisibility(repository: RepositoryName): Promise<Visibility | null>
}

export interface AccountSettings {
  /** What the operator's administrator logs in with; `null` where there is none, or none any more. */
  readonly adminToken: string | null
  readonly oidcIssuers: readonly string[]
  /** The first one signs, all of them verify. */
  readonly secrets: readonly string[]
  readonly loginFailures: LoginFailures
}

/** Accounts as records in the registry's own bucket. */
export function createAccounts(
  objects: ObjectStore,
  { adminToken, oidcIssuers, secrets, loginFailures }: AccountSettings,
): Accounts {
  const namespaces = new Namespaces(objects)
  const operator =
    adminToken === null
      ? null
      : { hash: hashOf(adminToken), refreshHash: hashOf(operatorRefreshToken(adminToken).text) }
  return {
    namespaces,
    operator,
    newVisibility: (repository) => newRepositoryVisibility({ namespaces, operator }, repository),
    members: new Members(objects),
    accessTokens: new AccessTokens(objects),
    trustRules: new TrustRules(objects),
    repositories: new Repositories(objects),
    auditLog: new AuditLog(objects),
    oidcIssuers: createOidcIssuers(oidcIssuers),
    shortTokens: createShortTokens(secrets),
    loginFailures,
  }
}
