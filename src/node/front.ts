import { connect, createServer, type Socket } from 'node:net'
import { listen, type Listener } from './listen.ts'

/** First byte of a TLS connection: a record of the type handshake (RFC 8446, section 5.1). No HTTP method starts with it. */
const TLS_HANDSHAKE = 0x16

/**
 * What Go's server answers to a TLS client. The first bytes matter: containerd and Docker try plain HTTP next only if
 * they read `HTTP/` where a TLS record should be; docker's classic client and skopeo do so after any failure.
 */
const PLAIN_HTTP_ONLY =
  'HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTPS request to an HTTP server.\n'

/** A client that has not said a word for so long is not coming back. */
const SILENCE_MS = 60_000
/** How long we go on reading, and dropping, what a client sends after the Worker has answered and closed. */
const LINGER_MS = 2_000

export interface FrontOptions {
  host: string
  /** 0 is any free port. */
  port: number
  /** Port on 127.0.0.1 of the HTTP server behind. Clients that come before it is known wait for it. */
  upstream: Promise<number>
}

/**
 * The registry's public port: bytes go through both ways as they are, except that a TLS client is turned away at once.
 * workerd leaves a ClientHello unanswered, and clients that try TLS first (docker, podman, skopeo) would wait ten seconds.
 *
 * @throws {StartFailure} when the port cannot be had
 */
export async function startFront({ host, port, upstream }: FrontOptions): Promise<Listener> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => undefined) // 'close' follows, and says that it failed
  }
  upstream.catch(() => undefined)

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client)
    client.setTimeout(SILENCE_MS, () => client.destroy())
    const leave = () => client.end()
    client.once('end', leave)
    client.once('data', (first: Buffer) => {
      client.setTimeout(0)
      client.off('end', leave)
      if (first[0] === TLS_HANDSHAKE) {
        client.write(PLAIN_HTTP_ONLY)
        linger(client)
        return
      }
      client.pause()
      client.unshift(first)
      upstream.then(
        (upstreamPort) => {
          if (client.destroyed) return
          const worker = connect({ host: '127.0.0.1', port: upstreamPort, allowHalfOpen: true, noDelay: true })
          keep(worker)
          splice(client, worker)
        },
        () => client.destroy(),
      )
    })
  })

  const actualPort = await listen(server, host, port, '--port')
  return {
    port: actualPort,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Two connections as one: what either side says, and how it ends, reaches the other. */
function splice(client: Socket, worker: Socket): void {
  readOnAfterFailedWrites(worker)
  client.pipe(worker)
  worker.pipe(client)
  client.once('close', (failed) => {
    if (failed) worker.resetAndDestroy()
    else worker.destroy()
  })
  worker.once('close', () => {
    linger(client)
  })
}

/**
 * A Worker that refuses a request answers before it has read the body, and workerd then closes the connection. Node
 * would take the write that fails for the end of the socket, and throw away the answer that waits to be read.
 */
function readOnAfterFailedWrites(socket: Socket): void {
  const write = socket._write.bind(socket)
  socket._write = (chunk, encoding, callback) => {
    write(chunk, encoding, () => {
      callback()
    })
  }
  const writev = socket._writev?.bind(socket)
  if (!writev) return
  socket._writev = (chunks, callback) => {
    writev(chunks, () => {
      callback()
    })
  }
}

/** Closes when all is written, but reads on for a moment: closing on unread bytes would make the system drop our answer. */
function linger(socket: Socket): void {
  socket.resume()
  socket.end(() => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => {
      clearTimeout(timer)
    })
  })
}
