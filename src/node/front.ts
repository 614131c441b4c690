import { connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { listen, type Listener } from './listen.ts'
import { secureOptions, type Certificate } from './tls-certificate.ts'
import {
  answerAndClose,
  createConnections,
  hearFirst,
  linger,
  PLAIN_HTTP_ONLY,
  tellPlainHttp,
  tlsOptions,
} from './tls-door.ts'

export interface FrontOptions {
  host: string
  /** 0 is any free port. */
  port: number
  /** Port on 127.0.0.1 of the HTTP server behind. Clients that come before it is known wait for it. */
  upstream: Promise<number>
  /** Clients have to speak TLS, and see this; `null` or absent for plain HTTP. */
  certificate?: Certificate | null
}

/** A public port. */
export interface Front extends Listener {
  /** New connections see this one, where there was one before. */
  useCertificate(certificate: Certificate): void
}

/**
 * The registry's public port: bytes go through both ways as they are, out of TLS if there is a certificate. Without one,
 * a TLS client is turned away at once: workerd leaves a ClientHello unanswered, and clients that try TLS first (docker,
 * podman, skopeo) would wait ten seconds.
 *
 * @throws {StartFailure} when the port cannot be had
 */
export async function startFront({ host, port, upstream, certificate = null }: FrontOptions): Promise<Front> {
  const { keep, end } = createConnections()
  upstream.catch(() => undefined)

  const pass = (client: Socket) => {
    upstream.then(
      (upstreamPort) => {
        if (client.destroyed) return
        const worker = connect({ host: '127.0.0.1', port: upstreamPort, allowHalfOpen: true, noDelay: true })
        keep(worker)
        splice(client, worker)
      },
      () => client.destroy(),
    )
  }
  const server = certificate === null ? plainServer(keep, pass) : tlsServer(certificate, keep, pass)

  const actualPort = await listen(server, host, port, '--port')
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
        end()
      }),
  }
}

type Handle = (client: Socket) => void

function plainServer(keep: Handle, pass: Handle) {
  return createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client)
    hearFirst(client, (isTls) => {
      if (isTls) answerAndClose(client, PLAIN_HTTP_ONLY)
      else pass(client)
    })
  })
}

function tlsServer(certificate: Certificate, keep: Handle, pass: Handle) {
  const server = createTlsServer({ ...tlsOptions(certificate), allowHalfOpen: true, noDelay: true })
  tellPlainHttp(server)
  server.prependListener('connection', keep)
  server.on('secureConnection', (client) => {
    keep(client)
    client.pause()
    pass(client)
  })
  return server
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
