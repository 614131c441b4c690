import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import { createCloudflareState, type Answer } from './support/fake-cloudflare-routes.ts'

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  /** The JSON body, or the metadata of a script's upload. */
  readonly body: unknown
}

export interface FakeCloudflare {
  /** For CLOUDFLARE_BASE_URL. */
  readonly url: string
  /** Everything that was asked, in order; what the fake does not know has the status 501. */
  readonly requests: readonly RecordedRequest[]
  stop(): Promise<void>
}

/** The calls of Cloudflare's API that the provider makes for infra/, on loopback, with what the API is known to answer. */
export async function startFakeCloudflare(): Promise<FakeCloudflare> {
  const state = createCloudflareState()
  const requests: RecordedRequest[] = []
  const server = createServer((request, response) => {
    void buffer(request).then((raw) => {
      const { pathname } = new URL(request.url ?? '/', 'http://fake')
      const body = bodyOf(request.headers, raw)
      const answer = request.headers.authorization?.startsWith('Bearer ')
        ? state.answer({
            method: request.method ?? '',
            path: pathname.replace('/client/v4', ''),
            headers: request.headers,
            body,
          })
        : ({ status: 403, error: { code: 9109, message: 'no token' } } satisfies Answer)
      const status = answer.status ?? 200
      requests.push({ method: request.method ?? '', path: pathname, status, body: body.json })
      if (answer.raw !== undefined) {
        response.writeHead(status, { 'content-type': answer.raw.type })
        response.end(answer.raw.text)
        return
      }
      response.writeHead(status, { 'content-type': 'application/json' })
      const errors = answer.error === undefined ? [] : [answer.error]
      response.end(JSON.stringify({ success: status < 400, errors, messages: [], result: answer.result ?? null }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4/`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** A script is uploaded as form data: `metadata` in JSON, and a file for each module. */
function bodyOf(headers: IncomingHttpHeaders, raw: Buffer): { json: unknown; files: ReadonlyMap<string, string> } {
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1]
  if (boundary === undefined) return { json: raw.length === 0 ? null : parseJson(raw.toString()), files: new Map() }
  const parts = new Map(
    raw
      .toString('latin1')
      .split(`--${boundary}`)
      .slice(1, -1)
      .map((part): [string, string] => {
        const start = part.indexOf('\r\n\r\n')
        return [/name="([^"]*)"/.exec(part.slice(0, start))?.[1] ?? '', utf8Of(part.slice(start + 4, -2))]
      }),
  )
  const json = parseJson(parts.get('metadata') ?? 'null')
  parts.delete('metadata')
  return { json, files: parts }
}

/** Form data is split byte by byte, and what is in it is UTF-8. */
function utf8Of(latin1: string): string {
  return new TextDecoder().decode(Uint8Array.from(latin1, (sign) => sign.charCodeAt(0)))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
