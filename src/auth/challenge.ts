import { RegistryError } from '../oci/errors.ts'
import { formatScopes, type Scope } from './scope.ts'

/** Why a token that came was not enough. https://www.rfc-editor.org/rfc/rfc6750#section-3.1 */
export type TokenFault = 'invalid_token' | 'insufficient_scope'

/**
 * The refusal that makes a client fetch a token and come again. One challenge and no second one: clients read only the
 * first. https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 *
 * @param url of the request: clients get their tokens where they found the registry
 * @param scope what the token must be for; `null` where any will do
 */
export function tokenNeeded(url: URL, scope: Scope | null, fault: TokenFault | null = null): RegistryError {
  const parameters = [
    `realm="${url.origin}/token"`,
    `service="${serviceOf(url)}"`,
    ...(scope === null ? [] : [`scope="${formatScopes([scope])}"`]),
    ...(fault === null ? [] : [`error="${fault}"`]),
  ]
  return unauthorized(`Bearer ${parameters.join(',')}`, scope === null ? 'this takes a token' : detailOf(scope))
}

/**
 * The refusal of somebody who may not, in the same words whether the repository is there or not. Docker goes on trying
 * for a minute when an error has no detail.
 */
export function denied({ type, name }: Scope, action: string): RegistryError {
  return new RegistryError('DENIED', { detail: detailOf({ type, name, actions: [action] }) })
}

/** The refusal of a login, in the same words whatever was wrong with it. */
export function loginNeeded(): RegistryError {
  return unauthorized(
    'Basic realm="roadstead", charset="UTF-8"',
    'this takes the name and the token of somebody who may',
  )
}

/** Who the tokens are for: the registry, by the name that the client knows it by. */
export function serviceOf(url: URL): string {
  return url.host
}

/** As distribution's own registry writes it. */
function detailOf({ type, name, actions }: Scope) {
  return [{ Type: type, Name: name, Actions: actions }]
}

function unauthorized(challenge: string, detail: unknown): RegistryError {
  return new RegistryError('UNAUTHORIZED', { headers: { 'WWW-Authenticate': challenge }, detail })
}
