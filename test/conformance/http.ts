import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'

import { concat } from './bytes.ts'

/** How long a registry may take for one answer. */
const ANSWER_TIMEOUT_MS = 120_000

export interface Question {
  readonly method: string
  /** The path goes out as it stands here: nothing is normalised. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** In one piece with its length, in several pieces without one (chunked), or none at all. */
  readonly body: Uint8Array | readonly Uint8Array[] | null
}

/** What came back, nothing decoded. */
export interface Answer {
  readonly method: string
  readonly url: string
  readonly status: number
  /** All values of a header in the order they came; empty for none. */
  readonly values: (name: string) => readonly string[]
  readonly bytes: Uint8Array
  /** The redirects that led here, the first one first. */
  readonly redirects: readonly Answer[]
}

/** Asks once. Follows nothing, retries nothing, decodes nothing. */
export function ask({ method, url, headers, body }: Question): Promise<Answer> {
  const { protocol, hostname, port } = new URL(url)
  const open = protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const request = open({
      method,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      ...(port === '' ? {} : { port }),
      path: pathOf(url),
      headers: { ...headers, ...framing(method, body) },
      agent: false, // a connection each: what one row has done to it is not the next one's trouble
      timeout: ANSWER_TIMEOUT_MS,
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`)))
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Uint8Array[] = []
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const values = readHeaders(response.rawHeaders)
        const bytes = concat(chunks)
        resolve({ method, url, status: response.statusCode ?? 0, values, bytes, redirects: [] })
      })
    })

    const send = () => {
      for (const piece of body === null ? [] : [body].flat()) request.write(piece)
      request.end()
    }
    if (headers['Expect'] === undefined) send()
    else request.once('continue', send)
  })
}

/** Everything after the host, without the fragment, as it was written. */
function pathOf(url: string): string {
  const [, path = ''] = /^[^:]+:\/\/[^/?#]*([^#]*)/.exec(url) ?? []
  return path.startsWith('/') ? path : `/${path}`
}

function framing(method: string, body: Question['body']): Record<string, string> {
  if (body === null) return method === 'GET' || method === 'HEAD' ? {} : { 'Content-Length': '0' }
  return body instanceof Uint8Array ? { 'Content-Length': String(body.length) } : { 'Transfer-Encoding': 'chunked' }
}

/** @param raw names and values in turn */
export function readHeaders(raw: readonly string[]): Answer['values'] {
  const values = new Map<string, string[]>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    values.set(name, [...(values.get(name) ?? []), raw[at + 1] ?? ''])
  }
  return (name) => values.get(name.toLowerCase()) ?? []
}
