import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'

import { afterEach, expect, test } from 'vitest'

import { textOf } from './bytes.ts'
import { createClient, type Client } from './client.ts'
import type { Login } from './credentials.ts'

const LOGIN = { user: 'me', password: 'secret:1' }
const BASIC = `Basic ${btoa('me:secret:1')}`

const running: { close(done: () => void): unknown }[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await new Promise<void>((done) => server.close(done))
})

/** A server on loopback that remembers what it was asked. */
async function serve(listener: RequestListener): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = []
  const server: Server = createServer((request, response) => {
    asked.push(request)
    listener(request, response)
  })
  running.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function clientOf(url: string, login: Login = null): Client {
  return createClient({ url, prefix: 'test', login })
}

/** Wants a token for each scope, from a token server that wants Basic, or gives one to anybody for pulling. */
async function serveWithTokens() {
  const tokens = await serve((request, response) => {
    const query = new URL(request.url ?? '', 'http://tokens.test').searchParams
    const granted = request.headers.authorization === BASIC || query.get('scope')?.endsWith(':pull') === true
    response.writeHead(granted ? 200 : 401, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ token: `${query.get('service') ?? ''} ${query.getAll('scope').join('+')}` }))
  })
  const registry = await serve((request, response) => {
    const actions = request.method === 'GET' ? 'pull' : 'pull,push'
    const scopes = [`repository:a/b:${actions}`, 'repository:c:pull']
    if (request.headers.authorization === `Bearer svc ${scopes.join('+')}`) {
      response.end('welcome')
      return
    }
    const challenge = `Bearer realm="${tokens.url}/token",service="svc",scope="${scopes.join(' ')}"`
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end()
  })
  return { tokens, registry }
}

test('a token is fetched for each kind of access, with the login, and used again', async () => {
  const { tokens, registry } = await serveWithTokens()
  const client = clientOf(registry.url, LOGIN)
  for (const method of ['GET', 'GET', 'PUT', 'PUT', 'GET'])
    expect(textOf((await client.send(method, '/v2/a/b/manifests/v1')).bytes)).toBe('welcome')
  expect(tokens.asked.length).toBe(2)
  expect(tokens.asked.map(({ headers }) => headers.authorization)).toEqual([BASIC, BASIC])
})

test('nobody gets the token that is for anybody, and the 401 where there is none', async () => {
  const { registry } = await serveWithTokens()
  const client = clientOf(registry.url)
  expect((await client.send('GET', '/v2/a/b/manifests/v1')).status).toBe(200)
  expect((await client.send('PUT', '/v2/a/b/manifests/v1')).status).toBe(401)
  const { registry: other } = await serveWithTokens()
  expect((await clientOf(other.url, LOGIN).send('GET', '/v2/', { anonymous: true })).status).toBe(401)
  expect(other.asked.length).toBe(1)
})

test('a Basic challenge is answered with the login', async () => {
  const { url, asked } = await serve((request, response) => {
    const known = request.headers.authorization === BASIC
    response.writeHead(known ? 200 : 401, known ? {} : { 'WWW-Authenticate': 'Basic realm="here"' }).end()
  })
  expect((await clientOf(url, LOGIN).send('GET', '/v2/')).status).toBe(200)
  expect((await clientOf(url, LOGIN).head('/v2/')).status).toBe(200)
  expect((await clientOf(url).send('GET', '/v2/')).status).toBe(401)
  expect(asked.length).toBe(5)
})

test('the login stays behind when another host is named; the range goes along', async () => {
  const storage = await serve((_, response) => response.end('bytes'))
  const registry = await serve(({ headers }, response) => {
    if (headers.authorization === undefined) response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="here"' }).end()
    else response.writeHead(307, { Location: `${storage.url}/key?signed` }).end()
  })
  const answer = await clientOf(registry.url, LOGIN).send('GET', '/v2/a/blobs/b', { headers: { Range: 'bytes=0-1' } })
  expect([answer.status, textOf(answer.bytes), answer.redirects.map(({ status }) => status)]).toEqual([
    200,
    'bytes',
    [307],
  ])
  expect(storage.asked.map(({ url, headers }) => [url, headers.authorization, headers.range])).toEqual([
    ['/key?signed', undefined, 'bytes=0-1'],
  ])
  const first = await clientOf(registry.url, LOGIN).send('GET', '/v2/a/blobs/b', { follow: false })
  expect(first.status).toBe(307)
})

test('a path goes out as it was written', async () => {
  const { url, asked } = await serve((_, response) => response.end())
  for (const path of ['/v2/a/../b//c/%2e%2E/d', '/v2/a?digest=sha256:x&y=%3A']) await clientOf(url).send('GET', path)
  expect(asked.map((request) => request.url)).toEqual(['/v2/a/../b//c/%2e%2E/d', '/v2/a?digest=sha256:x&y=%3A'])
})

test('bodies go out with their length, without it, or with the length of nothing', async () => {
  const { url, asked } = await serve((request, response) => {
    request.resume().on('end', () => response.end())
  })
  const piece = new Uint8Array(10)
  for (const body of [piece, [piece, piece], null]) await clientOf(url).send('PUT', '/', { body })
  const framing = asked.map(({ headers }) => [headers['content-length'], headers['transfer-encoding']])
  expect(framing).toEqual([
    ['10', undefined],
    [undefined, 'chunked'],
    ['0', undefined],
  ])
})

test('what follows the headers of HEAD is seen', async () => {
  const server = createTcpServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nX-Two: b\r\n\r\nhello'))
  })
  running.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const answer = await clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).head('/v2/')
  expect([answer.status, textOf(answer.bytes), answer.values('x-two')]).toEqual([200, 'hello', ['a', 'b']])
})

test('every repository has a name of its own, also in another run', () => {
  const names = [clientOf('http://one.test'), clientOf('http://one.test')].flatMap((client) => [
    client.repository(),
    client.repository(),
  ])
  expect(new Set(names).size).toBe(4)
  expect(names.filter((name) => !name.startsWith('test/'))).toEqual([])
})
