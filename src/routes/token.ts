import { authenticate, authenticateRefresh, bearerOf, isKnown, operatorRefreshToken } from '../accounts/authenticate.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { decideScopes } from '../accounts/issue-token.ts'
import { failedLogin } from '../accounts/login-failures.ts'
import { noteTokenUse } from '../accounts/token-use.ts'
import { nameOf, type Principal } from '../accounts/principal.ts'
import { parseToken, refreshTokenOf } from '../auth/access-token.ts'
import { parseAuthorization, type Login } from '../auth/authorization-header.ts'
import { loginNeeded, serviceOf } from '../auth/challenge.ts'
import { formatScopes, parseScopes, type Scope } from '../auth/scope.ts'
import { SHORT_TOKEN_SECONDS } from '../auth/short-token.ts'
import { readText } from '../http/read-text.ts'
import { RegistryError } from '../oci/errors.ts'
import { essence } from '../oci/media-types.ts'
import type { Services } from '../services.ts'
import { requireAccounts, type OpenCall } from './call.ts'

const MAX_FORM_BYTES = 64 * 1024

/** How somebody asking for a token says who they are. */
type Proof =
  | { readonly kind: 'nobody' }
  /** Something that is no login: a wrong one. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'login'; readonly login: Login }
  | { readonly kind: 'refresh'; readonly token: string }

interface TokenRequest {
  readonly proof: Proof
  readonly scopes: readonly Scope[]
  /** Whether the client wants something that it can keep, to come again without the login. */
  readonly offline: boolean
}

/**
 * A token for what the query asks for, as far as whoever logs in may do it.
 * https://distribution.github.io/distribution/spec/auth/token/
 *
 * @throws {RegistryError} `UNAUTHORIZED` for a wrong login, never for asking too much; `TOOMANYREQUESTS`
 */
export async function getToken(call: OpenCall, services: Services): Promise<Response> {
  const accounts = requireAccounts(services)
  const { searchParams } = call.url
  const request = {
    proof: parseProof(call.request.headers),
    scopes: parseScopes(searchParams.getAll('scope')),
    offline: searchParams.get('offline_token') === 'true',
  }
  const { principal, text, granted } = await issue(call, services, accounts, request)
  const refresh = await refreshToken(call, services, accounts, principal, request)
  return tokenResponse({
    token: text,
    access_token: text,
    expires_in: SHORT_TOKEN_SECONDS,
    issued_at: services.now().toISOString(),
    scope: formatScopes(granted),
    ...(refresh === null ? {} : { refresh_token: refresh }),
  })
}

/**
 * The same by a form, as OAuth 2 has it: with a name and a password, or with a refresh token.
 * https://distribution.github.io/distribution/spec/auth/oauth/
 *
 * @throws {RegistryError} `REQUEST_INVALID` (400) for another grant type, or what belongs to it missing
 */
export async function postToken(call: OpenCall, services: Services): Promise<Response> {
  const accounts = requireAccounts(services)
  const form = await readForm(call.request)
  const request = {
    proof: parseGrant(form),
    scopes: parseScopes(form.getAll('scope')),
    offline: form.get('access_type') === 'offline',
  }
  const { principal, text, granted } = await issue(call, services, accounts, request)
  const refresh = await refreshToken(call, services, accounts, principal, request)
  return tokenResponse({
    access_token: text,
    token_type: 'Bearer',
    scope: formatScopes(granted),
    expires_in: SHORT_TOKEN_SECONDS,
    issued_at: services.now().toISOString(),
    ...(refresh === null ? {} : { refresh_token: refresh }),
  })
}

async function issue(
  call: OpenCall,
  services: Services,
  accounts: Accounts,
  { proof, scopes }: TokenRequest,
): Promise<{ principal: Principal; text: string; granted: readonly Scope[] }> {
  const now = services.now()
  const service = serviceOf(call.url)
  const principal = await principalOf(accounts, proof, service, now)
  const decision = principal === null ? null : await decideScopes(accounts, principal, scopes)
  const known = principal !== null && decision !== null && (await isKnown(accounts, principal))
  if (!known) throw await failedLogin(accounts.loginFailures, call.address, loginNeeded())

  const bearer = bearerOf(principal)
  call.background(noteTokenUse(accounts.accessTokens, bearer, now))
  const { granted, refused } = decision
  const name = nameOf(principal)
  const token = { name, bearer, granted, refused }
  return { principal, text: await accounts.shortTokens.sign(token, service, now), granted }
}

async function principalOf(accounts: Accounts, proof: Proof, service: string, now: Date): Promise<Principal | null> {
  switch (proof.kind) {
    case 'nobody':
      return { kind: 'anonymous' }
    case 'unreadable':
      return null
    case 'login':
      return authenticate(accounts, proof.login, now)
    case 'refresh':
      return authenticateRefresh(accounts, proof.token, service, now)
  }
}

/** What stands for the login from now on; `null` for nobody, and for who has not asked. */
async function refreshToken(
  { url }: OpenCall,
  { now }: Services,
  { shortTokens }: Accounts,
  principal: Principal,
  { proof, offline }: TokenRequest,
): Promise<string | null> {
  if (proof.kind === 'refresh') return proof.token
  if (!offline || proof.kind !== 'login') return null
  if (principal.kind === 'workload') return shortTokens.signWorkload(principal.claims, serviceOf(url), now())
  const { password } = proof.login
  if (principal.kind === 'operator') return operatorRefreshToken(password).text
  const token = parseToken(password)
  return token === null ? null : refreshTokenOf(token).text
}

function parseProof(headers: Headers): Proof {
  const authorization = parseAuthorization(headers)
  if (authorization.scheme === 'none') return { kind: 'nobody' }
  if (authorization.scheme !== 'basic') return { kind: 'unreadable' }
  return { kind: 'login', login: authorization.login }
}

function parseGrant(form: URLSearchParams): Proof {
  const field = (name: string): string => {
    const value = form.get(name)
    if (value === null) throw new RegistryError('REQUEST_INVALID', { detail: `the form has no ${name}` })
    return value
  }
  switch (field('grant_type')) {
    case 'password':
      return { kind: 'login', login: { username: field('username'), password: field('password') } }
    case 'refresh_token':
      return { kind: 'refresh', token: field('refresh_token') }
    default:
      throw new RegistryError('REQUEST_INVALID', { detail: 'grant_type is neither password nor refresh_token' })
  }
}

async function readForm(request: Request): Promise<URLSearchParams> {
  if (essence(request.headers.get('Content-Type')) !== 'application/x-www-form-urlencoded')
    throw new RegistryError('REQUEST_INVALID', { detail: 'the body is not application/x-www-form-urlencoded' })
  return new URLSearchParams(await readText(request, MAX_FORM_BYTES))
}

function tokenResponse(body: Readonly<Record<string, unknown>>): Response {
  return Response.json(body, { headers: { 'Cache-Control': 'no-store' } })
}
