import * as z from 'zod'

import { encodeBase64 } from '../../../oci/base64.ts'
import type { Login } from '../login.ts'
import { Broken, need } from './finding.ts'
import type { Access } from './probe-base.ts'
import { jsonOfAnswer, type Answer, type Ask, type Send } from './send.ts'
import type { Visit } from './visit.ts'

const answerSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
  scope: z.string().optional(),
})
/** What the protocol says of a token whose life is not told. */
const USUAL_TOKEN_SECONDS = 60

export interface Token {
  readonly text: string
  /** What it is good for in the repository that it was asked for; `null` when that is not told. */
  readonly actions: readonly string[] | null
  readonly renewAt: number
}

export function basicOf({ username, token }: Login): string {
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${token}`))}`
}

/** @throws {Broken} when there is none */
export async function fetchToken(
  { hide }: Visit,
  send: Send,
  realm: URL,
  login: Login | null,
  repository: string,
): Promise<Token> {
  const url = new URL(realm)
  url.searchParams.set('scope', `repository:${repository}:pull,push,delete`)
  const answer = await send(url, { headers: login === null ? {} : { Authorization: basicOf(login) } })
  const who = login === null ? 'somebody without a login' : login.username
  if (answer.status === 401)
    throw new Broken(`the login of ${who} is refused`, 'its token is wrong, expired or revoked: roadstead login again')
  if (answer.status === 429)
    throw new Broken('logins are refused for a while (429)', 'too many have failed from this address: wait a minute')
  const parsed = answerSchema.safeParse(jsonOfAnswer(answer))
  const text = parsed.data?.token ?? parsed.data?.access_token
  need(
    answer.status === 200 && text !== undefined,
    `asked for a token for ${who}, ${realm.pathname} answers ${answer.status}${answer.status === 200 ? ' and no token' : ''}`,
    'see the log of the registry, and that what is before it lets this path through',
  )
  hide(text)
  const life = parsed.data?.expires_in ?? USUAL_TOKEN_SECONDS
  const scope = parsed.data?.scope
  return {
    text,
    actions: scope === undefined ? null : actionsIn(scope, repository),
    renewAt: answer.answeredAt + (life * 1000) / 2,
  }
}

function actionsIn(scope: string, repository: string): readonly string[] {
  const prefix = `repository:${repository}:`
  return scope
    .split(' ')
    .filter((one) => one.startsWith(prefix))
    .flatMap((one) => one.slice(prefix.length).split(','))
}

/** Asks the registry as a client that has logged in. */
export type AskAsUser = (path: string | URL, ask?: Ask) => Promise<Answer>

export function createClient(visit: Visit, access: Access, repository: string, send: Send): AskAsUser {
  let token: Token | null = null
  return async (path, { headers = {}, ...ask } = {}) => {
    if (access.kind === 'token' && (token === null || Date.now() > token.renewAt))
      token = await fetchToken(visit, send, access.token, visit.login, repository)
    const authorization: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token.text}` }
    const url = new URL(path, visit.registry)
    // Whatever a Location says, a token goes to the registry alone.
    const there = new URL(url.pathname + url.search, visit.registry)
    return send(there, { ...ask, headers: { ...headers, ...authorization } })
  }
}
