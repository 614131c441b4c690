import { connect } from 'node:net'

import type { Answer } from './answers.ts'
import type { FuzzedBody, FuzzedRequest } from './requests.ts'

/** For an answer; the registry has more than enough in a tenth of it. */
const PATIENCE_MS = 10_000

/** What a connection of its own brought, byte for byte as it was sent; `null` for one that was closed without a word. */
export async function sendRaw(port: number, request: Uint8Array, end = false): Promise<Answer | null> {
  const received = await exchange(port, request, end)
  return parseAnswer(received)
}

/** The bytes of a request: nothing is escaped, corrected or left out, as an HTTP client would. */
export function rawRequest(
  { method, path, headers, body }: FuzzedRequest,
  more: readonly string[] = [],
): { bytes: Uint8Array; end: boolean } {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...['Host: localhost', 'Connection: close'],
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...framing(body, headers),
    ...more,
  ]
  return { bytes: concat([latin1(`${lines.join('\r\n')}\r\n\r\n`), framed(body)]), end: body?.how === 'broken' }
}

/** Each character is one byte: those beyond are cut down to one. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, index) => text.charCodeAt(index) & 0xff)
}

function framing(body: FuzzedBody, headers: Readonly<Record<string, string>>): string[] {
  if (body === null || 'Content-Length' in headers) return []
  if (body.how === 'in pieces') return ['Transfer-Encoding: chunked']
  return [`Content-Length: ${body.bytes.length + (body.how === 'broken' ? 7 : 0)}`]
}

function framed(body: FuzzedBody): Uint8Array {
  if (body === null) return new Uint8Array(0)
  if (body.how !== 'in pieces') return body.bytes
  const { bytes } = body
  const chunk = bytes.length === 0 ? [] : [latin1(`${bytes.length.toString(16)}\r\n`), bytes, latin1('\r\n')]
  return concat([...chunk, latin1('0\r\n\r\n')])
}

function exchange(port: number, request: Uint8Array, end: boolean): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error('Cannot wait any longer: there is no answer'))
    }, PATIENCE_MS)
    socket.on('data', (piece: Uint8Array) => pieces.push(piece))
    socket.on('error', () => undefined) // reset while we were still writing: what came before counts
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(concat(pieces))
    })
    socket.write(request)
    if (end) socket.end()
  })
}

function parseAnswer(received: Uint8Array): Answer | null {
  if (received.length === 0) return null
  const text = new TextDecoder('latin1').decode(received)
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(first)?.[1])
  if (end < 0 || Number.isNaN(status)) throw new Error(`Cannot read "${text.slice(0, 200)}": it is no answer`)
  const rest = received.subarray(end + 4)
  if (status < 200) return parseAnswer(rest)
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  return { status, headers, body: headers.get('Transfer-Encoding') === 'chunked' ? unchunked(rest) : rest }
}

function unchunked(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes)
  const at = text.indexOf('\r\n')
  const size = Number.parseInt(text.slice(0, at), 16)
  if (!(size > 0)) return new Uint8Array(0)
  return concat([bytes.subarray(at + 2, at + 2 + size), unchunked(bytes.subarray(at + 2 + size + 2))])
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
