import { hasHash, parseToken, refreshTokenOf, type TokenText } from '../auth/access-token.ts'
import type { Login } from '../auth/authorization-header.ts'
import type { Bearer, ShortTokens } from '../auth/short-token.ts'
import { logRefusal } from '../log.ts'
import type { AccessTokenRecord, AccessTokens } from '../storage/access-tokens.ts'
import type { OidcIssuers } from './oidc-issuers.ts'
import { getNamespace, type AccountStores } from './permissions.ts'
import { OPERATOR, WORKLOAD, type Principal } from './principal.ts'
import { isTrustedSomewhere } from './trust.ts'

export interface LoginStores extends AccountStores {
  readonly accessTokens: AccessTokens
  readonly oidcIssuers: OidcIssuers
  readonly shortTokens: ShortTokens
}

/** Of the operator's token, which has no record: an id that no other token has, since theirs are random. */
const OPERATOR_ID = 'operator00000000'

/** What stands for the operator's token, which may be any text, in docker's hands. */
export function operatorRefreshToken(text: string): TokenText {
  return refreshTokenOf({ kind: 'personal', id: OPERATOR_ID, text })
}

/**
 * Who logs in so; `null` when the name or the token is wrong, expired or revoked, all in the same way. Reads storage
 * each time: one object when there is no such token, whoever it claims to be of, and a second one when there is.
 */
export async function authenticate(
  stores: LoginStores,
  { username, password }: Login,
  now: Date,
): Promise<Principal | null> {
  if (username === WORKLOAD) return authenticateWorkload(stores, password, now)
  const token = parseToken(password)
  // The operator's token may be any text.
  if (username === OPERATOR && stores.operator !== null && hasHash(password, stores.operator.hash))
    return { kind: 'operator' }
  if (token === null || token.kind === 'refresh') return null
  const principal = await principalOf(stores, token, now)
  return principal !== null && 'name' in principal && principal.name === username ? principal : null
}

/** Who has this token, without a name to it; `null` as above. */
export async function authenticateToken(stores: LoginStores, text: string, now: Date): Promise<Principal | null> {
  if (stores.operator !== null && hasHash(text, stores.operator.hash)) return { kind: 'operator' }
  const token = parseToken(text)
  return token === null || token.kind === 'refresh' ? null : principalOf(stores, token, now)
}

/** Who a refresh token is of; `null` as for a wrong login. */
export async function authenticateRefresh(
  stores: LoginStores,
  text: string,
  service: string,
  now: Date,
): Promise<Principal | null> {
  const token = parseToken(text)
  if (token?.kind === 'refresh' && token.id === OPERATOR_ID)
    return stores.operator !== null && hasHash(text, stores.operator.refreshHash) ? { kind: 'operator' } : null
  if (token?.kind === 'refresh') return principalOf(stores, token, now)
  const claims = await stores.shortTokens.verifyWorkload(text, service, now)
  return claims === null ? null : { kind: 'workload', claims }
}

/**
 * Who a short token was made for, if they are still there; otherwise nobody. A workload, whose claims the token does not
 * have, is nobody beyond what the token is for. One read, for users and robots.
 */
export async function principalOfBearer(stores: LoginStores, bearer: Bearer): Promise<Principal> {
  if (bearer.kind === 'workload') return { kind: 'anonymous' }
  if (!('name' in bearer)) return bearer
  return (await getNamespace(stores, bearer.name))?.id === bearer.id ? bearer : { kind: 'anonymous' }
}

export function bearerOf(principal: Principal): Bearer {
  return principal.kind === 'workload' ? { kind: 'workload' } : principal
}

async function authenticateWorkload(stores: LoginStores, token: string, now: Date): Promise<Principal | null> {
  const claims = await stores.oidcIssuers.verify(token, now)
  return claims === null ? null : { kind: 'workload', claims }
}

/** Whether a login is one at all: a job that no rule fits is refused as a wrong one. To be asked once its scopes are decided. */
export async function isKnown(stores: LoginStores, principal: Principal): Promise<boolean> {
  if (principal.kind !== 'workload') return true
  if (await isTrustedSomewhere(stores, principal.claims)) return true
  logRefusal(`no trust rule fits a token of ${principal.claims.iss} for ${principal.claims.sub}`)
  return false
}

async function principalOf(stores: LoginStores, token: TokenText, now: Date): Promise<Principal | null> {
  const record = await stores.accessTokens.get(token.id)
  const hash = token.kind === 'refresh' ? record?.refreshHash : record?.hash
  // Also without a record, so that the answer takes as long.
  return hasHash(token.text, hash ?? '') ? principalOfRecord(stores, token.id, record, now) : null
}

async function principalOfRecord(
  stores: LoginStores,
  id: string,
  record: AccessTokenRecord | null,
  now: Date,
): Promise<Principal | null> {
  if (record === null || (record.expiresAt !== null && Date.parse(record.expiresAt) <= now.getTime())) return null
  const owner = await getNamespace(stores, record.owner)
  if (owner?.id !== record.ownerId) return null
  const token = { id, name: record.name, grants: record.scopes, expiresAt: record.expiresAt }
  return owner.kind === 'user'
    ? { kind: 'user', name: record.owner, id: owner.id, administrator: owner.administrator, token }
    : { kind: 'robot', name: record.owner, id: owner.id, token }
}
