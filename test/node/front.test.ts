import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { startFront } from '../../src/node/front.ts'
import { listenOn } from './support/ports.ts'
import { until } from './support/until.ts'
import { answersAtTheEnd, answersBeforeTheBody, answerToPush, talksWithoutEnd } from './support/workers.ts'

/** Clients give up on TLS after ten seconds. */
const AT_ONCE_MS = 2_000
const BIG_BYTES = 100_000_000

/** The front before `server`, and the connections that reach the server. */
async function frontOf(server: Server): Promise<{ port: number; connections: Set<Socket> }> {
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => connections.delete(socket))
  })
  const upstream = listenOn(server)
  const front = await startFront({ host: '127.0.0.1', port: 0, upstream })
  onTestFinished(async () => {
    await front.stop()
    for (const socket of connections) socket.destroy()
    server.close()
  })
  await upstream
  return { port: front.port, connections }
}

const httpFrontOf = (listener: RequestListener) => frontOf(createHttpServer(listener))

async function send(port: number, method: string, path: string, body?: Buffer): Promise<IncomingMessage> {
  const outgoing = request({ port, method, path, agent: false, headers: { 'Content-Length': body?.length ?? 0 } })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

test('a TLS client is turned away at once, with the bytes that make Go clients try plain HTTP', async () => {
  const { port, connections } = await httpFrontOf((_, response) => response.end('plain'))
  const before = Date.now()

  const tls = connectTls({ host: '127.0.0.1', port, servername: 'registry.local' })
  const [error] = (await once(tls, 'error')) as [Error]
  expect(error).toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }) // OpenSSL's words for: this is not TLS
  expect(Date.now() - before).toBeLessThan(AT_ONCE_MS)

  const raw = connect(port, '127.0.0.1')
  raw.write(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01))
  expect(await text(raw)).toMatch(/^HTTP\/1\.0 400 /)
  expect(Date.now() - before).toBeLessThan(AT_ONCE_MS)
  expect(connections.size).toBe(0)

  expect(await text(await send(port, 'GET', '/'))).toBe('plain')
})

test('big bodies go through both ways unchanged', async () => {
  const { port } = await httpFrontOf((incoming, response) => void incoming.pipe(response))
  const body = randomBytes(BIG_BYTES)
  const digest = createHash('sha256')
  let size = 0
  for await (const chunk of (await send(port, 'POST', '/', body)) as AsyncIterable<Buffer>) {
    digest.update(chunk)
    size += chunk.length
  }
  expect(size).toBe(BIG_BYTES)
  expect(digest.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
})

test('a client that reads slowly slows the Worker down: nothing piles up in between', async () => {
  let written = 0
  const { port } = await httpFrontOf((_, response) => {
    const chunk = new Uint8Array(1_000_000)
    const more = () => {
      while (written < BIG_BYTES) {
        written += chunk.length
        if (!response.write(chunk)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  })
  const response = await send(port, 'GET', '/')
  response.pause()
  await delay(1_000)
  expect(written).toBeLessThan(BIG_BYTES / 2) // what the system's buffers hold is a few MB
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) size += chunk.length
  expect(size).toBe(BIG_BYTES)
})

test('a side that has said all can still listen', async () => {
  const { port, connections } = await frontOf(answersAtTheEnd())
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.end('hello')
  expect(await text(client)).toBe('you said hello')
  await until('the end of the connection', () => connections.size === 0)
})

test('an answer that comes before the body was read gets to the client', async () => {
  const { port, connections } = await frontOf(answersBeforeTheBody())
  for (let i = 0; i < 20; i++) {
    expect(await answerToPush(connect(port, '127.0.0.1'))).toContain('409 Conflict')
  }
  await until('the end of the connections', () => connections.size === 0)
})

test('a client that goes takes its connection to the Worker with it', async () => {
  const { port, connections } = await frontOf(talksWithoutEnd())
  const client = connect(port, '127.0.0.1')
  client.write('anything')
  await once(client, 'data')
  expect(connections.size).toBe(1)
  client.destroy()
  await until('the end of the connection', () => connections.size === 0)
})

test('a Worker that dies in the middle of an answer ends it for the client, too', async () => {
  const { port, connections } = await httpFrontOf((_, response) => {
    response.writeHead(200, { 'Content-Length': 100 }).write('the first part')
  })
  const response = await send(port, 'GET', '/')
  for (const socket of connections) socket.resetAndDestroy()
  await expect(text(response)).rejects.toThrow('aborted')
})

test('without anything behind it, a connection is closed', async () => {
  const server = createServer()
  const { port } = await frontOf(server)
  server.close()
  await expect(send(port, 'GET', '/')).rejects.toThrow('socket hang up')
})

test('clients that come before the Worker is there wait for it', async () => {
  const server = createHttpServer((_, response) => response.end('at last'))
  const upstream = Promise.withResolvers<number>()
  const front = await startFront({ host: '127.0.0.1', port: 0, upstream: upstream.promise })
  onTestFinished(async () => {
    await front.stop()
    server.close()
  })
  const early = send(front.port, 'GET', '/')
  await delay(200)
  upstream.resolve(await listenOn(server))
  expect(await text(await early)).toBe('at last')
})

test('stop ends what is under way', async () => {
  const server = createHttpServer(() => undefined)
  const front = await startFront({ host: '127.0.0.1', port: 0, upstream: listenOn(server) })
  onTestFinished(() => void server.close())
  const pending = send(front.port, 'GET', '/')
  await once(server, 'request')
  await Promise.all([expect(pending).rejects.toThrow('socket hang up'), front.stop()])
})
