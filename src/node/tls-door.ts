import type { Socket } from 'node:net'
import type { Server, TlsOptions } from 'node:tls'
import { secureOptions, type Certificate } from './tls-certificate.ts'

/** First byte of a TLS connection: a record of the type handshake (RFC 8446, section 5.1). No HTTP method starts with it. */
const TLS_HANDSHAKE = 0x16

/**
 * What Go's server answers to a TLS client. The first bytes matter: containerd and Docker try plain HTTP next only if
 * they read `HTTP/` where a TLS record should be; docker's classic client and skopeo do so after any failure.
 */
export const PLAIN_HTTP_ONLY =
  'HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTPS request to an HTTP server.\n'

/** What Go's server answers to a client that speaks plain HTTP to a port of TLS. */
const TLS_ONLY =
  'HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'

/** A client that has not said a word for so long is not coming back. */
const SILENCE_MS = 60_000
/** How long we go on reading, and dropping, what a client sends after it has been answered and the connection closed. */
const LINGER_MS = 2_000

/** Of both public ports. HTTP/2 is nothing that workerd, or our own server, speaks here. */
export function tlsOptions(certificate: Certificate): TlsOptions {
  return { ...secureOptions(certificate), handshakeTimeout: SILENCE_MS, ALPNProtocols: ['http/1.1'] }
}

/** The connections of a server that are open, so that they can be ended with it. */
export interface Connections {
  readonly keep: (socket: Socket) => void
  readonly end: () => void
}

export function createConnections(): Connections {
  const sockets = new Set<Socket>()
  return {
    keep: (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      socket.on('error', () => undefined) // 'close' follows, and says that it failed
    },
    end: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Waits for the first bytes of a new connection; they are still to be read when `hear` is called. */
export function hearFirst(client: Socket, hear: (isTls: boolean) => void): void {
  client.setTimeout(SILENCE_MS, () => client.destroy())
  const leave = () => client.end()
  client.once('end', leave)
  client.once('data', (first: Buffer) => {
    client.setTimeout(0)
    client.off('end', leave)
    client.pause()
    client.unshift(first)
    hear(first[0] === TLS_HANDSHAKE)
  })
}

/**
 * Puts an ear before a TLS server: it gets the connections that speak TLS. Those that speak plain HTTP are told so in
 * words; the handshake would end them with an alert, which no browser or client shows.
 */
export function tellPlainHttp(server: Server): void {
  const handshakes = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (client: Socket) => {
    client.on('error', () => undefined) // 'close' follows
    hearFirst(client, (isTls) => {
      if (isTls) for (const handshake of handshakes) handshake.call(server, client)
      else answerAndClose(client, TLS_ONLY)
    })
  })
  server.on('tlsClientError', (_error, client) => client.destroy())
}

export function answerAndClose(client: Socket, answer: string): void {
  client.write(answer)
  linger(client)
}

/** Closes when all is written, but reads on for a moment: closing on unread bytes would make the system drop our answer. */
export function linger(socket: Socket): void {
  socket.resume()
  socket.end(() => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => {
      clearTimeout(timer)
    })
  })
}
