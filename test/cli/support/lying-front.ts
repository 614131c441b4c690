import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import { onTestFinished } from 'vitest'

import type { Local } from '../../../src/node/local.ts'
import type { TlsFiles } from '../../../src/node/tls-certificate.ts'

export interface FrontRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Whether it is for the storage, and not for the registry. */
  readonly toStorage: boolean
}

export interface FrontAnswer {
  readonly status: number
  /** By their lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What a front does with a request, in place of passing it on. */
export type Lie = (request: FrontRequest, honest: () => Promise<FrontAnswer>) => Promise<FrontAnswer> | FrontAnswer

export interface LyingFront {
  readonly port: number
  readonly origin: string
}

const STORAGE = '/storage-of-the-front'
/** Larger ones are not read: their `body` is empty. */
const MAX_BODY_BYTES = 50 * 2 ** 20

/**
 * A proxy before a registry and its storage, until the test is over. It is at `name`, which has to be resolved to this
 * machine, and speaks TLS if there is a certificate.
 */
export async function startLyingFront(
  { url, storageUrl }: Local,
  lie: Lie,
  { tls = null, name = '127.0.0.1' }: { readonly tls?: TlsFiles | null; readonly name?: string } = {},
): Promise<LyingFront> {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response)
  }
  const server =
    tls === null
      ? createServer(handle)
      : createTlsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const origin = `${tls === null ? 'http' : 'https'}://${name}:${port}`
  return { port, origin }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([key, value]) => [key, String(value)]))
    const tooLarge = Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES
    const body = tooLarge ? new Uint8Array(0) : await buffer(incoming)
    const path = incoming.url ?? '/'
    const toStorage = path.startsWith(STORAGE)
    const request: FrontRequest = {
      method: incoming.method ?? 'GET',
      url: new URL(path, origin),
      headers,
      body,
      toStorage,
    }
    const answered = await lie(request, async () => {
      const upstream = toStorage ? (storageUrl ?? url) : url
      return published(await pass(new URL(path.replace(STORAGE, ''), upstream), request))
    })
    response.writeHead(answered.status, answered.headers)
    response.end(request.method === 'HEAD' ? undefined : answered.body)
  }

  /** Storage is to be found at this front as well. */
  function published(answered: FrontAnswer): FrontAnswer {
    const location = URL.parse(answered.headers['location'] ?? '')
    if (storageUrl === null || location?.port !== new URL(storageUrl).port) return answered
    return withHeaders(answered, { location: origin + STORAGE + location.pathname + location.search })
  }
}

async function pass(url: URL, { method, headers, body, toStorage }: FrontRequest): Promise<FrontAnswer> {
  return new Promise((resolve, reject) => {
    const host = toStorage ? { host: url.host } : {}
    const request = httpRequest(url.href, { method, headers: { ...headers, ...host }, agent: false }, (response) => {
      const kept = Object.entries(response.headers).filter(
        ([name]) => !['connection', 'transfer-encoding'].includes(name),
      )
      buffer(response).then((bytes) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
          body: new Uint8Array(bytes),
        })
      }, reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** The answer with other headers; `null` takes one out. */
export function withHeaders(answer: FrontAnswer, headers: Readonly<Record<string, string | null>>): FrontAnswer {
  const all = Object.entries({ ...answer.headers, ...headers })
  return {
    ...answer,
    headers: Object.fromEntries(all.flatMap(([name, value]) => (value === null ? [] : [[name, value]]))),
  }
}

/** The answer with another body, and its length. */
export function withBody(answer: FrontAnswer, body: Uint8Array): FrontAnswer {
  return { ...withHeaders(answer, { 'content-length': String(body.length) }), body }
}

export function refusal(status: number, code = 'DENIED'): FrontAnswer {
  const body = new TextEncoder().encode(JSON.stringify({ errors: [{ code, message: code }] }))
  return { status, headers: { 'content-type': 'application/json' }, body }
}
