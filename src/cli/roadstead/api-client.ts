import * as z from 'zod'

import { encodeBase64 } from '../../oci/base64.ts'
import { API_ROOT } from '../../routes/api/api-root.ts'
import { firstLine } from '../../node/failure.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { describeRefusal } from './refusal.ts'
import { hostOf } from './registry-address.ts'
import type { Login, Target } from './login.ts'

const TIMEOUT_MS = 120_000

/** What the API answered: as it came, and as it was understood. */
export interface Answer<T> {
  readonly json: unknown
  readonly value: T
}

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The API of a registry, for a command that says in an error what it could not do. */
export interface ApiClient {
  /** @param path below the API's root, of components that were checked or encoded */
  request<T>(method: ApiMethod, path: string, schema: z.ZodType<T>, body?: unknown): Promise<Answer<T>>
  /** A request that is answered with nothing. */
  remove(path: string): Promise<Answer<null>>
  /** All pages of a listing. */
  list<T>(path: string, item: z.ZodType<T>): Promise<Answer<readonly T[]>>
}

const JSON_BODY = { 'Content-Type': 'application/json' }

/**
 * @param doing as in "Cannot <doing>: the reason"
 * @throws {CommandFailure} from each call: the registry cannot be reached, or refuses
 */
export function createApiClient({ registry, login }: Target, doing: string): ApiClient {
  const host = hostOf(registry)
  const cannot = (why: string, status?: number) => new CommandFailure(`Cannot ${doing}: ${why}`, status)
  const authorization = login === null ? {} : { Authorization: `Basic ${basicCredentials(login)}` }

  async function send(method: ApiMethod, url: URL, body?: unknown): Promise<{ response: Response; text: string }> {
    try {
      const response = await fetch(url, {
        method,
        headers: { Accept: 'application/json', ...(body === undefined ? {} : JSON_BODY), ...authorization },
        redirect: 'manual', // a login is for this registry alone
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { response, text: await response.text() }
    } catch (error) {
      throw cannot(`${host} cannot be reached: ${networkReason(error)}`, EXIT.unreachable)
    }
  }

  async function request(method: ApiMethod, url: URL, body?: unknown): Promise<{ response: Response; json: unknown }> {
    const { response, text } = await send(method, url, body)
    const json = parseJson(text)
    if (response.status === 401) {
      throw login === null
        ? cannot(`you are not logged in to ${host} (roadstead login ${host})`, EXIT.login)
        : cannot(`${host} refuses the login of ${login.username}: its token is wrong, expired or revoked`, EXIT.login)
    }
    if (!response.ok) throw cannot(describeRefusal(json) ?? `${host} answered ${response.status} and no reason`)
    return { response, json }
  }

  function understand<T>(schema: z.ZodType<T>, json: unknown): Answer<T> {
    const parsed = schema.safeParse(json)
    if (!parsed.success) throw cannot(`${host} answered something that is not of the API (is it another registry?)`)
    return { json, value: parsed.data }
  }

  return {
    async request(method, path, schema, body) {
      const { json } = await request(method, new URL(API_ROOT + path, registry), body)
      return understand(schema, json)
    },
    async remove(path) {
      await request('DELETE', new URL(API_ROOT + path, registry))
      return { json: {}, value: null }
    },
    async list<T>(path: string, item: z.ZodType<T>) {
      const page = z.object({ items: z.array(z.unknown()) })
      const items: unknown[] = []
      let next: URL | null = new URL(API_ROOT + path, registry)
      while (next !== null) {
        const { response, json } = await request('GET', next)
        items.push(...understand(page, json).value.items)
        next = nextPage(response.headers.get('Link'), next)
        if (next !== null && next.origin !== registry) throw cannot(`${host} says that its list goes on elsewhere`)
      }
      return { json: { items }, value: understand(z.array(item), items).value }
    },
  }
}

/** https://www.rfc-editor.org/rfc/rfc7617#section-2.1 */
function basicCredentials({ username, token }: Login): string {
  return encodeBase64(new TextEncoder().encode(`${username}:${token}`))
}

/** https://www.rfc-editor.org/rfc/rfc8288#section-3 */
function nextPage(link: string | null, from: URL): URL | null {
  const [, target] = /^<([^>]*)>; *rel="?next"?/.exec(link ?? '') ?? []
  return target === undefined ? null : URL.parse(target, from.href)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `fetch` itself says no more than that it failed. */
function networkReason(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof AggregateError && cause.errors.length > 0) return firstLine(cause.errors[0])
  return firstLine(cause)
}
