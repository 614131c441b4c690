import { randomBytes } from 'node:crypto'

import { authorizationFor, type Login } from './credentials.ts'
import { ask, type Answer, type Question } from './http.ts'
import { askHead } from './raw-head.ts'

const MAX_REDIRECTS = 5

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Question['body']
  /** `false` hands a redirect back as it came. */
  readonly follow?: boolean
  /** Without any login. */
  readonly anonymous?: boolean
}

/** Speaks to one registry, as whoever runs the rows. */
export interface Client {
  /** A repository's name that nobody has used before. */
  repository(): string
  /** @param target a path that begins with `/`, or what a `Location` said, made absolute */
  send(method: string, target: string, options?: SendOptions): Promise<Answer>
  /** HEAD over a bare connection; redirects are followed. `bytes` are those after the headers, which must be none. */
  head(target: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

export interface ClientOptions {
  /** The registry, such as `http://localhost:5000`. */
  readonly url: string
  /** What every repository's name begins with. */
  readonly prefix: string
  readonly login: Login
}

export function createClient({ url, prefix, login }: ClientOptions): Client {
  const { origin } = new URL(url)
  const run = randomBytes(4).toString('hex')
  let repositories = 0
  /** Tokens are for one repository and one kind of access, so each pair keeps its own. */
  const authorizations = new Map<string, string>()

  async function authorized(
    question: Question,
    anonymous: boolean,
    send: (question: Question) => Promise<Answer>,
  ): Promise<Answer> {
    if (anonymous || new URL(question.url).origin !== origin) return send(question)
    const key = accessKey(question)
    const known = authorizations.get(key)
    const first = await send(known === undefined ? question : withAuthorization(question, known))
    if (first.status !== 401) return first
    const fresh = await authorizationFor(first, login)
    if (fresh === null) return first
    authorizations.set(key, fresh)
    return send(withAuthorization(question, fresh))
  }

  async function follow(
    question: Question,
    anonymous: boolean,
    send: (question: Question) => Promise<Answer>,
  ): Promise<Answer> {
    let answer = await authorized(question, anonymous, send)
    const redirects: Answer[] = []
    while (isRedirect(answer) && redirects.length < MAX_REDIRECTS) {
      redirects.push(answer)
      // The login stays behind with another host: `authorized` gives it to the registry's own origin alone.
      const url = absolute(answer.values('Location')[0] ?? '', answer.url)
      answer = await authorized({ ...question, url }, anonymous, send)
    }
    return { ...answer, redirects }
  }

  return {
    repository: () => `${prefix}/${run}-${++repositories}`,
    send(method, target, options = {}) {
      const question = {
        method,
        url: absolute(target, origin),
        // Whoever compresses on the way must be told from who does not.
        headers: { 'Accept-Encoding': 'gzip', 'User-Agent': 'conformance', ...options.headers },
        body: options.body ?? null,
      }
      const anonymous = options.anonymous ?? false
      return options.follow === false ? authorized(question, anonymous, ask) : follow(question, anonymous, ask)
    },
    head(target, headers = {}) {
      const question = { method: 'HEAD', url: absolute(target, origin), headers, body: null }
      return follow(question, false, askHead)
    },
  }
}

/** Only a relative target is resolved, so that the rest goes out as it was written. */
export function absolute(target: string, base: string): string {
  if (/^https?:\/\//i.test(target)) return target
  return target.startsWith('/') && !target.startsWith('//') ? new URL(base).origin + target : new URL(target, base).href
}

function isRedirect({ status, method, values }: Answer): boolean {
  const kept = method === 'GET' || method === 'HEAD' ? [301, 302, 303, 307, 308] : [307, 308]
  return kept.includes(status) && values('Location').length > 0
}

function accessKey({ method, url }: Question): string {
  const { pathname, searchParams } = new URL(url)
  const [, repository = ''] = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(pathname) ?? ['', pathname]
  const kind = method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'push'
  return `${kind} ${repository} ${searchParams.get('from') ?? ''}`
}

function withAuthorization(question: Question, authorization: string): Question {
  return { ...question, headers: { ...question.headers, Authorization: authorization } }
}
