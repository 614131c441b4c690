import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { S3Settings } from '../../src/node/store.ts'

/** A listener before a storage that behaves in another way than the storage. */
export interface StorageFront {
  /** The storage behind, to be spoken to through this front. Signatures hold: they are for the front's address. */
  readonly s3: S3Settings
  stop(): Promise<void>
}

export type FrontHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** Runs `handler` on a free port of 127.0.0.1, in the place of the storage's own endpoint. */
export async function startStorageFront(s3: S3Settings, handler: FrontHandler): Promise<StorageFront> {
  const server = createServer((request, response) => {
    Promise.resolve(handler(request, response)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const endpoint = new URL(s3.endpoint)
  endpoint.port = String((server.address() as AddressInfo).port)
  return {
    s3: { ...s3, endpoint: endpoint.href.replace(/\/$/, '') },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** Sends the request on to the storage as it came, or with `body` in place of the bytes that were read of it. */
export function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  s3: S3Settings,
  { body, edit }: { body?: Uint8Array; edit?: (headers: Headers, text: string) => string } = {},
): Promise<void> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(s3.endpoint)
    const { method, url: path, rawHeaders } = request
    const upstream = httpRequest({ host: hostname, port, method, path, headers: rawHeaders, agent: false })
    upstream.once('response', (answer) => {
      if (edit === undefined) {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      } else {
        void sendEdited(answer, response, edit)
      }
    })
    upstream.on('error', () => response.destroy())
    response.once('close', () => {
      upstream.destroy()
      resolve()
    })
    if (body === undefined) request.pipe(upstream)
    else upstream.end(body)
  })
}

async function sendEdited(
  answer: IncomingMessage,
  response: ServerResponse,
  edit: (headers: Headers, text: string) => string,
): Promise<void> {
  const { bytes } = await readBody(answer)
  const headers = new Headers(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]))
  headers.delete('transfer-encoding')
  const length = headers.get('content-length') ?? '0'
  const edited = Uint8Array.from(edit(headers, textOf(bytes)), (character) => character.charCodeAt(0))
  headers.set('content-length', bytes.length === 0 ? length : String(edited.length)) // a HEAD has one, and no bytes
  response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers)).end(edited)
}

/** One character a byte. */
function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

/** The bytes that came, and whether they are all that were announced. */
export async function readBody(message: IncomingMessage): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of message) chunks.push(chunk as Uint8Array)
  } catch {
    // it broke off: `complete` says so
  }
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return { bytes, whole: message.complete }
}

/** An error as S3 writes it. */
export function refuse(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`
  response.writeHead(status, { 'Content-Type': 'application/xml' }).end(body)
}
