import { textOf } from './bytes.ts'
import { ask, type Answer } from './http.ts'

/** Name and password, or `null` for nobody. */
export type Login = { readonly user: string; readonly password: string } | null

/**
 * The `Authorization` that a 401 asks for: Basic with the login itself, Bearer with a token fetched for it, or for
 * nobody. `null` when there is nothing to answer with.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export async function authorizationFor(refusal: Answer, login: Login): Promise<string | null> {
  const [challenge = ''] = refusal.values('WWW-Authenticate')
  const basic = login === null ? null : `Basic ${btoa(`${login.user}:${login.password}`)}`
  if (/^basic\b/i.test(challenge)) return basic
  if (!/^bearer\b/i.test(challenge)) return null

  const { realm, service, scope } = challengeParameters(challenge)
  if (realm === undefined) return null
  const url = new URL(realm, refusal.url)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const one of (scope ?? '').split(' ').filter((text) => text !== '')) url.searchParams.append('scope', one)
  const headers: Record<string, string> = basic === null ? {} : { Authorization: basic }
  const answer = await ask({ method: 'GET', url: url.href, headers, body: null })
  const token = answer.status === 200 ? tokenOf(answer.bytes) : null
  return token === null ? null : `Bearer ${token}`
}

/** The quoted parameters of a challenge. */
export function challengeParameters(challenge: string): Readonly<Record<string, string | undefined>> {
  const found = [...challenge.matchAll(/([a-z_]+)="([^"]*)"/gi)]
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name.toLowerCase(), value]))
}

function tokenOf(bytes: Uint8Array): string | null {
  const body = JSON.parse(textOf(bytes)) as { token?: unknown; access_token?: unknown }
  const token = body.token ?? body.access_token
  return typeof token === 'string' ? token : null
}
