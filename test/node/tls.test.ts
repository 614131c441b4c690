import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { request } from 'node:https'
import { connect, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFront, type Front } from '../../src/node/front.ts'
import { startStorageFront } from '../../src/node/storage-front.ts'
import { readCertificate, type TlsFiles } from '../../src/node/tls-certificate.ts'
import { createAuthority, type Authority } from './support/certificates.ts'
import { listenOn } from './support/ports.ts'
import { until } from './support/until.ts'
import { answersAtTheEnd, answersBeforeTheBody, answerToPush, talksWithoutEnd } from './support/workers.ts'

const BIG_BYTES = 100_000_000
const NAME = 'registry.local'

const folder = mkdtempSync(join(tmpdir(), 'roadstead-test-'))
let authority: Authority
let files: TlsFiles
let ca: Buffer

beforeAll(() => {
  authority = createAuthority(folder)
  files = authority.issue('server', [`DNS:${NAME}`])
  ca = readFileSync(authority.file)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The front before `server`, and the connections that reach the server. */
async function frontOf(server: Server): Promise<{ front: Front; port: number; connections: Set<Socket> }> {
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => connections.delete(socket))
  })
  const upstream = listenOn(server)
  const certificate = readCertificate(files)
  const front = await startFront({ host: '127.0.0.1', port: 0, upstream, certificate })
  onTestFinished(async () => {
    await front.stop()
    for (const socket of connections) socket.destroy()
    server.close()
  })
  await upstream
  return { front, port: front.port, connections }
}

const httpFrontOf = (listener: RequestListener) => frontOf(createHttpServer(listener))

async function storageFrontOf(listener: RequestListener): Promise<{ front: Front; port: number }> {
  const server = createHttpServer(listener)
  const port = await listenOn(server)
  const upstream = Promise.resolve({ port, signedHost: '127.0.0.1:1234', basePath: '/s3' })
  const front = await startStorageFront({ host: '127.0.0.1', port: 0, upstream, certificate: readCertificate(files) })
  onTestFinished(async () => {
    await front.stop()
    server.closeAllConnections()
    server.close()
  })
  return { front, port: front.port }
}

const FRONTS = { registry: httpFrontOf, storage: storageFrontOf }

async function send(port: number, method: string, path: string, body?: Buffer): Promise<IncomingMessage> {
  const headers = { 'Content-Length': body?.length ?? 0 }
  const outgoing = request({ port, host: '127.0.0.1', servername: NAME, ca, method, path, agent: false, headers })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

async function connected(port: number, options: ConnectionOptions & { allowHalfOpen?: boolean } = {}) {
  const client: TLSSocket = connectTls({ host: '127.0.0.1', port, servername: NAME, ca, ...options })
  await once(client, 'secureConnect')
  return client
}

describe.each(Object.entries(FRONTS))('the port of the %s', (_, startAny) => {
  test('answers over TLS', async () => {
    const { port } = await startAny((_request, response) => response.end('behind TLS'))
    expect(await text(await send(port, 'GET', '/s3/key'))).toBe('behind TLS')
  })

  test('tells a client that speaks plain HTTP', async () => {
    const { port } = await startAny((_request, response) => response.end('behind TLS'))
    const client = connect(port, '127.0.0.1')
    client.write('GET /v2/ HTTP/1.1\r\nHost: registry.local\r\n\r\n')
    expect(await text(client)).toBe(
      'HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    )
  })

  test.each([
    ['TLSv1.2', 'TLSv1.2'],
    ['TLSv1.3', 'TLSv1.3'],
  ] as const)('speaks %s', async (version, want) => {
    const { port } = await startAny((_request, response) => response.end())
    const client = await connected(port, { minVersion: version, maxVersion: version })
    expect(client.getProtocol()).toBe(want)
    client.destroy()
  })

  test('does not speak TLS 1.1, and HTTP/2 neither', async () => {
    const { port } = await startAny((_request, response) => response.end())
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(connected(port, old)).rejects.toThrow(/protocol version/)
    const client = await connected(port, { ALPNProtocols: ['h2', 'http/1.1'] })
    expect(client.alpnProtocol).toBe('http/1.1')
    client.destroy()
  })

  test('a client that does not trust the authority cannot do harm', async () => {
    const { port } = await startAny((_request, response) => response.end('still here'))
    await expect(connected(port, { ca: [] })).rejects.toThrow(/unable to verify|self.signed/)
    const garbage = connect(port, '127.0.0.1')
    garbage.on('error', () => undefined)
    garbage.write(Uint8Array.of(0x16, 0x03, 0x01, 0, 4, 1, 0, 0, 0)) // a ClientHello that says nothing
    await once(garbage.resume(), 'close')
    expect(await text(await send(port, 'GET', '/s3/key'))).toBe('still here')
  })

  test('a new certificate is for new connections; those that are there go on', async () => {
    const { front, port } = await startAny((_request, response) => response.end('behind TLS'))
    const before = await connected(port)
    const renewed = authority.issue('renewed', [`DNS:${NAME}`, 'DNS:renewed.local'])
    front.useCertificate(readCertificate(renewed))
    const after = await connected(port)
    expect(before.getPeerCertificate().subjectaltname).toBe(`DNS:${NAME}`)
    expect(after.getPeerCertificate().subjectaltname).toBe(`DNS:${NAME}, DNS:renewed.local`)
    after.destroy()
    before.write('GET /s3/key HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await text(before)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('stop ends what is under way', async () => {
    const heard = Promise.withResolvers<undefined>()
    const { front, port } = await startAny(() => {
      heard.resolve(undefined)
    })
    const pending = send(port, 'GET', '/s3/key')
    await heard.promise
    await Promise.all([expect(pending).rejects.toThrow('socket hang up'), front.stop()])
  })
})

describe('the registry, over TLS as without', () => {
  test('big bodies go through both ways unchanged', async () => {
    const { port } = await httpFrontOf((incoming, response) => void incoming.pipe(response))
    const body = randomBytes(BIG_BYTES)
    const digest = createHash('sha256')
    for await (const chunk of (await send(port, 'POST', '/', body)) as AsyncIterable<Buffer>) digest.update(chunk)
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
    expect(written).toBeLessThan(BIG_BYTES / 2)
    let size = 0
    for await (const chunk of response as AsyncIterable<Buffer>) size += chunk.length
    expect(size).toBe(BIG_BYTES)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a side that has said all can still listen: %s', async (version) => {
    const { port, connections } = await frontOf(answersAtTheEnd())
    const client = await connected(port, { allowHalfOpen: true, minVersion: version, maxVersion: version })
    client.end('hello')
    expect(await text(client)).toBe('you said hello')
    await until('the end of the connection', () => connections.size === 0)
  })

  test('an answer that comes before the body was read gets to the client', async () => {
    const { port, connections } = await frontOf(answersBeforeTheBody())
    for (let i = 0; i < 20; i++) {
      expect(await answerToPush(await connected(port))).toContain('409 Conflict')
    }
    await until('the end of the connections', () => connections.size === 0)
  })

  test('a client that goes takes its connection to the Worker with it', async () => {
    const { port, connections } = await frontOf(talksWithoutEnd())
    const client = await connected(port)
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
})
