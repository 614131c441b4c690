import type { Access, Authorizer, Caller } from '../auth/access.ts'
import { parseAuthorization, type Authorization } from '../auth/authorization-header.ts'
import { denied, serviceOf, tokenNeeded } from '../auth/challenge.ts'
import type { Scope } from '../auth/scope.ts'
import type { ShortToken } from '../auth/short-token.ts'
import type { RegistryError } from '../oci/errors.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { RepositoriesPage } from '../storage/repositories.ts'
import { authenticate, bearerOf, isKnown, principalOfBearer, type LoginStores } from './authenticate.ts'
import { decideScopes } from './issue-token.ts'
import { permittedActions } from './permissions.ts'
import { nameOf, tokenIdOf, type Principal } from './principal.ts'
import { noteTokenUse } from './token-use.ts'
import { listVisible } from './visible-repositories.ts'

/**
 * Lets in who comes with a token of the registry's own, which says what it is for: no storage is read for that. Scripts
 * may come with a login instead, which is looked up each time.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export function createTokenAuthorizer(stores: LoginStores, now: () => Date): Authorizer {
  return {
    async authorize(request, access, repository, background) {
      const url = new URL(request.url)
      const scope = neededScope(access, repository)
      const authorization = parseAuthorization(request.headers)
      if (authorization.scheme === 'none') throw tokenNeeded(url, scope)
      const token = await heldToken(authorization, url, scope)
      if (token === null) throw tokenNeeded(url, scope, 'invalid_token')
      if (scope !== null && !names(token.granted, scope, access)) throw refusal(token, url, scope, access)
      if (authorization.scheme === 'basic') background(noteTokenUse(stores.accessTokens, token.bearer, now()))
      return callerOf(stores, token)
    },
  }

  /** The token that came; or, for a login, the one that it would get. `null` when it is none. */
  async function heldToken(authorization: Authorization, url: URL, scope: Scope | null): Promise<ShortToken | null> {
    if (authorization.scheme === 'bearer') return stores.shortTokens.verify(authorization.token, serviceOf(url), now())
    if (authorization.scheme !== 'basic') return null
    const principal = await authenticate(stores, authorization.login, now())
    if (principal === null) return null
    const decision = await decideScopes(stores, principal, scope === null ? [] : [scope])
    if (!(await isKnown(stores, principal))) return null
    return { name: nameOf(principal), bearer: bearerOf(principal), ...decision }
  }
}

/**
 * What a client is to ask for: whoever pushes reads, too.
 * https://distribution.github.io/distribution/spec/auth/scope/
 */
function neededScope(access: Access, repository: RepositoryName | null): Scope | null {
  if (access === 'catalog') return { type: 'registry', name: 'catalog', actions: ['*'] }
  if (access === 'login' || repository === null) return null
  return { type: 'repository', name: repository, actions: access === 'push' ? ['pull', 'push'] : [access] }
}

/** Whether one of the scopes is for that action on the resource of `wanted`. */
function names(scopes: readonly Scope[], wanted: Pick<Scope, 'type' | 'name'>, access: Access): boolean {
  const action = access === 'catalog' ? '*' : access
  return scopes.some(
    (scope) => scope.type === wanted.type && scope.name === wanted.name && scope.actions.includes(action),
  )
}

/**
 * Whoever has asked in vain is told that they may not, in the same words whether the repository is there or not. Who
 * has not asked yet, or may be somebody once they log in, is told what to ask for.
 */
function refusal({ name, refused }: ShortToken, url: URL, scope: Scope, access: Access): RegistryError {
  return name !== '' && names(refused, scope, access)
    ? denied(scope, access)
    : tokenNeeded(url, scope, 'insufficient_scope')
}

function callerOf(stores: LoginStores, { name, bearer, granted }: ShortToken): Caller {
  let principal: Promise<Principal> | null = null
  /** Looked up once: who has been taken away since has no namespace of their own any more, nor has the next of that name. */
  const asNow = () => (principal ??= principalOfBearer(stores, bearer))

  return {
    name,
    tokenId: tokenIdOf(bearer),
    holdsPush: (repository) => names(granted, { type: 'repository', name: repository }, 'push'),
    reads: bearer.kind === 'operator' ? 'everything' : { mayPull, list },
  }

  async function mayPull(repository: RepositoryName): Promise<boolean> {
    if (names(granted, { type: 'repository', name: repository }, 'pull')) return true
    return (await permittedActions(stores, await asNow(), repository)).has('pull')
  }

  async function list(last: string, limit: number): Promise<RepositoriesPage> {
    return listVisible(stores, await asNow(), last, limit)
  }
}
