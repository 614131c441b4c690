import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Front } from './front.ts'
import { listen } from './listen.ts'
import { secureOptions, type Certificate } from './tls-certificate.ts'
import { createConnections, tellPlainHttp, tlsOptions } from './tls-door.ts'

/** Headers of one connection, not of the request (RFC 9110, section 7.6.1); `Host` is set anew. */
const NOT_PASSED_ON = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The embedded store as the front sees it. */
export interface StorageUpstream {
  /** Port of the store on 127.0.0.1. */
  port: number
  /** `Host` that the Worker signs, such as `127.0.0.1:34567`. */
  signedHost: string
  /** What every path of the store's S3 API begins with, without a slash at its end. */
  basePath: string
}

export interface StorageFrontOptions {
  host: string
  /** 0 is any free port. */
  port: number
  /** Clients that come before it is known wait for it. */
  upstream: Promise<StorageUpstream>
  /** Clients have to speak TLS, and see this; `null` or absent for plain HTTP. */
  certificate?: Certificate | null
}

/**
 * The embedded store's public port, to which clients are redirected by presigned URLs. They come under whatever name
 * they know this machine by, but the store accepts localhost's only, and the signature covers the name: so the one that
 * was signed is put back. Reading alone is let through, and nothing of the store's server but its S3 API.
 *
 * @throws {StartFailure} when the port cannot be had
 */
export async function startStorageFront(options: StorageFrontOptions): Promise<Front> {
  const { host, port, upstream, certificate = null } = options
  upstream.catch(() => undefined)
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    incoming.resume()
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      refuse(outgoing, 405, { Allow: 'GET, HEAD' })
      return
    }
    upstream.then(
      (store) => {
        forward(incoming, outgoing, store)
      },
      () => {
        refuse(outgoing, 503)
      },
    )
  }
  // Node's server without TLS answers `HTTP/1.1 400` to a TLS client by itself, at once.
  const server = certificate === null ? createServer(answer) : createTlsServer(tlsOptions(certificate), answer)
  if ('setSecureContext' in server) tellPlainHttp(server)

  const { keep, end } = createConnections()
  server.prependListener('connection', keep)
  const actualPort = await listen(server, host, port, '--storage-port')
  return {
    port: actualPort,
    useCertificate: (next) => {
      if ('setSecureContext' in server) server.setSecureContext(secureOptions(next))
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        end() // also those that have not spoken yet
      }),
  }
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, store: StorageUpstream): void {
  const url = URL.parse(incoming.url ?? '', 'http://localhost')
  if (!url?.pathname.startsWith(`${store.basePath}/`)) {
    refuse(outgoing, 404)
    return
  }
  const headers = passedOn(incoming.rawHeaders, url.searchParams.has('X-Amz-Signature'))
  headers.push('Host', store.signedHost)

  const { method } = incoming
  const path = url.pathname + url.search
  // A connection for each request costs nothing on loopback; one kept alive could be closed under us by the store.
  const upstream = request({ host: '127.0.0.1', port: store.port, method, path, headers, agent: false })
  upstream.once('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.statusMessage, passedOn(response.rawHeaders, false))
    response.pipe(outgoing)
    response.once('close', () => {
      if (!response.complete) outgoing.destroy()
    })
  })
  upstream.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy()
    else refuse(outgoing, 502)
  })
  outgoing.once('close', () => {
    upstream.destroy()
  })
  upstream.end()
}

/** Headers as a flat list of names and values, without those that go no further. */
function passedOn(rawHeaders: readonly string[], presigned: boolean): string[] {
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    // Go sends its registry token along to the same host name on another port; a store refuses two authentications.
    if (NOT_PASSED_ON.has(lower) || (presigned && lower === 'authorization')) continue
    const value = rawHeaders[i + 1] ?? ''
    // One that is none is to be ignored (RFC 9110, section 14.2); the store would refuse the request.
    if (lower === 'range' && !isByteRange(value)) continue
    headers.push(name, value)
  }
  return headers
}

/** Whether a `Range` is a set of byte ranges; whether they can be satisfied is the store's to say. */
function isByteRange(value: string): boolean {
  const [, set = ''] = /^bytes=(.+)$/i.exec(value) ?? []
  return set.split(',').every((range) => {
    const [, first = '', last = ''] = /^\s*(\d*)-(\d*)\s*$/.exec(range) ?? []
    return first === '' ? last !== '' : last === '' || Number(last) >= Number(first)
  })
}

function refuse(outgoing: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  if (!outgoing.destroyed) outgoing.writeHead(status, headers).end()
}
