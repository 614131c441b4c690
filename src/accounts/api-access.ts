import { coversGrants, FULL_GRANTS, grantsNamespace, type Action, type Grant } from '../auth/permission.ts'
import { parseAuthorization } from '../auth/authorization-header.ts'
import { loginNeeded } from '../auth/challenge.ts'
import { RegistryError } from '../oci/errors.ts'
import type { NamespaceName } from '../oci/namespace.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Accounts } from './accounts.ts'
import { authenticate, authenticateToken, isKnown } from './authenticate.ts'
import { failedLogin } from './login-failures.ts'
import { memberOf, permittedActions, type AccountStores } from './permissions.ts'
import type { Principal } from './principal.ts'

/**
 * What an endpoint of the API needs, declared beside it: nothing, a login, an administrator, the namespace in its path to
 * administer, or an action on the repository in its path.
 */
export type ApiAccess = 'anyone' | 'login' | 'administrator' | 'namespace' | Action

export interface ApiTarget {
  readonly access: ApiAccess
  readonly namespace: NamespaceName | null
  readonly repository: RepositoryName | null
}

/**
 * Who is asking, by a name and a token, or by the token alone; nobody when nothing came.
 *
 * @throws {RegistryError} `UNAUTHORIZED`, `TOOMANYREQUESTS`
 */
export async function identify(
  accounts: Accounts,
  headers: Headers,
  address: string | null,
  now: Date,
): Promise<Principal> {
  const authorization = parseAuthorization(headers)
  if (authorization.scheme === 'none') return { kind: 'anonymous' }
  const principal = await (authorization.scheme === 'basic'
    ? authenticate(accounts, authorization.login, now)
    : authorization.scheme === 'bearer'
      ? authenticateToken(accounts, authorization.token, now)
      : null)
  if (principal === null || !(await isKnown(accounts, principal)))
    throw await failedLogin(accounts.loginFailures, address, loginNeeded())
  return principal
}

/**
 * Lets the principal through or not, in the same words whether what they ask for is there or not.
 *
 * @throws {RegistryError} `UNAUTHORIZED` for nobody, `DENIED` for somebody
 */
export async function requireAccess(accounts: Accounts, principal: Principal, target: ApiTarget): Promise<void> {
  if (await hasAccess(accounts, principal, target)) return
  throw principal.kind === 'anonymous'
    ? loginNeeded()
    : new RegistryError('DENIED', { detail: 'you may not do this, or not with this token' })
}

async function hasAccess(
  stores: AccountStores,
  principal: Principal,
  { access, namespace, repository }: ApiTarget,
): Promise<boolean> {
  switch (access) {
    case 'anyone':
      return true
    case 'login':
      return principal.kind !== 'anonymous'
    case 'administrator':
      return isAdministrator(principal)
    case 'namespace':
      return namespace !== null && administersNamespace(stores, principal, namespace)
    case 'pull':
    case 'push':
    case 'delete':
    case 'admin':
      return repository !== null && (await permittedActions(stores, principal, repository)).has(access)
  }
}

/** Whether the principal is an administrator, with a token that is for that. */
export function isAdministrator(principal: Principal): boolean {
  if (principal.kind !== 'user') return principal.kind === 'operator'
  const { administrator, token } = principal
  return (
    administrator && token.grants.some(({ repositories, actions }) => repositories === '*' && actions.includes('admin'))
  )
}

/**
 * Lets nobody hand out more than the token that they come with is for: not by another token, a role, or a trust rule.
 *
 * @throws {RegistryError} `DENIED`
 */
export function requireGrants(principal: Principal, wanted: readonly Grant[]): void {
  if (!coversGrants(grantsOf(principal), wanted))
    throw new RegistryError('DENIED', { detail: 'the token that asks is for less than it would give' })
}

function grantsOf(principal: Principal): readonly Grant[] {
  if (principal.kind === 'user' || principal.kind === 'robot') return principal.token.grants
  return principal.kind === 'operator' ? FULL_GRANTS : []
}

async function administersNamespace(
  stores: AccountStores,
  principal: Principal,
  namespace: NamespaceName,
): Promise<boolean> {
  switch (principal.kind) {
    case 'anonymous':
    case 'workload':
      return false
    case 'operator':
      return true
    case 'robot':
      return namespace === principal.name && grantsNamespace(principal.token.grants, namespace, 'admin')
    case 'user': {
      if (!grantsNamespace(principal.token.grants, namespace, 'admin')) return false
      if (principal.administrator || namespace === principal.name) return true
      return (await memberOf(stores, namespace, principal))?.role === 'owner'
    }
  }
}
