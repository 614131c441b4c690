import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { KvRestSettings } from '../storage/kv/kv-rest-tag-index.ts'
import { listen } from './listen.ts'

/** What the door needs of a KV namespace. */
export interface TagStore {
  get(key: string): Promise<string | null>
  put(key: string, value: string, options: { expirationTtl?: number }): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix?: string; cursor?: string; limit?: number }): Promise<{
    readonly keys: readonly { readonly name: string; readonly expiration?: number }[]
    readonly cursor?: string
  }>
}

export interface MaintenanceDoor {
  /** For createKvRestTagIndex. */
  readonly settings: KvRestSettings
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: string
}

const ACCOUNT = 'local'
const NAMESPACE = 'tags'
const TOKEN_BYTES = 32

/**
 * Lets commands on this machine at the registry's KV while it runs, by the part of the platform's API that they use
 * with the real KV. Only 127.0.0.1, and only who has the token.
 *
 * @param open answers KV as it is now
 */
export async function startMaintenanceDoor(open: () => Promise<TagStore>): Promise<MaintenanceDoor> {
  const token = randomBytes(TOKEN_BYTES).toString('hex')
  const server = createServer((request, response) => {
    void answer(open, token, request)
      .catch((error: unknown) => failure(500, 10_000, String(error)))
      .then(({ status, body }) => {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
      })
  })
  const port = await listen(server, '127.0.0.1', 0, '')
  return {
    settings: { url: `http://127.0.0.1:${port}`, accountId: ACCOUNT, namespaceId: NAMESPACE, token },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

async function answer(open: () => Promise<TagStore>, token: string, request: IncomingMessage): Promise<Answer> {
  if (!isAllowed(request.headers.authorization ?? '', token)) return failure(401, 10_000, 'Authentication error')
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://door')
  const [, kind, name] =
    new RegExp(`^/accounts/${ACCOUNT}/storage/kv/namespaces/${NAMESPACE}/(keys|values)(?:/([^/]+))?$`).exec(pathname) ??
    []
  const kv = await open()
  if (kind === 'keys' && name === undefined && request.method === 'GET') return listKeys(kv, searchParams)
  if (kind !== 'values' || name === undefined) return failure(404, 7003, 'Could not route to the path')
  const key = decodeURIComponent(name)
  switch (request.method ?? '') {
    case 'GET': {
      const value = await kv.get(key)
      return value === null ? failure(404, 10_009, "get: 'key not found'") : { status: 200, body: value }
    }
    case 'PUT': {
      const ttl = searchParams.get('expiration_ttl')
      await kv.put(key, await text(request), ttl === null ? {} : { expirationTtl: Number(ttl) })
      return success({})
    }
    case 'DELETE':
      await kv.delete(key)
      return success({})
    default:
      return failure(405, 7001, 'Method not allowed')
  }
}

async function listKeys(kv: TagStore, query: URLSearchParams): Promise<Answer> {
  const [prefix, cursor, limit] = ['prefix', 'cursor', 'limit'].map((name) => query.get(name))
  const page = await kv.list({
    ...(prefix ? { prefix } : {}),
    ...(cursor ? { cursor } : {}),
    ...(limit ? { limit: Number(limit) } : {}),
  })
  const result = page.keys.map(({ name, expiration }) => ({ name, expiration }))
  return success(result, { count: result.length, cursor: page.cursor ?? '' })
}

function isAllowed(authorization: string, token: string): boolean {
  const given = new TextEncoder().encode(authorization)
  const wanted = new TextEncoder().encode(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function success(result: unknown, info?: unknown): Answer {
  return { status: 200, body: JSON.stringify({ success: true, errors: [], messages: [], result, result_info: info }) }
}

function failure(status: number, code: number, message: string): Answer {
  return {
    status,
    body: JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null }),
  }
}
