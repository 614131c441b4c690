import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStorageFront } from '../../src/node/storage-front.ts'
import { startStore, type Store } from '../../src/node/store.ts'
import type { Listener } from '../../src/node/listen.ts'
import { listenOn } from './support/ports.ts'
import { until } from './support/until.ts'

/** Clients give up on TLS after ten seconds. */
const AT_ONCE_MS = 2_000
const BIG_BYTES = 50_000_000

async function send(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  const outgoing = request({ port, method, path, headers, agent: false })
  outgoing.end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

describe('before the embedded store', () => {
  const dir = mkdtempSync(join(tmpdir(), 'roadstead-test-'))
  const body = randomBytes(BIG_BYTES)
  let store: Store
  let client: S3Client
  let front: Listener

  beforeAll(async () => {
    store = await startStore(dir)
    const { endpoint, region, accessKeyId, secretAccessKey, bucket } = store.s3
    client = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
    const { host, port, pathname } = new URL(endpoint)
    const upstream = Promise.resolve({ port: Number(port), signedHost: host, basePath: pathname })
    front = await startStorageFront({ host: '127.0.0.1', port: 0, upstream })
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'blobs/sha256/small', Body: '0123456789' }))
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'blobs/sha256/big', Body: body }))
  })
  afterAll(async () => {
    await front.stop()
    client.destroy()
    await store.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  /** Path and query of a URL that is signed for the store's own address. */
  async function presign(Key: string, method: 'GET' | 'HEAD' = 'GET'): Promise<string> {
    const input = { Bucket: store.s3.bucket, Key }
    const command = method === 'GET' ? new GetObjectCommand(input) : new HeadObjectCommand(input)
    const url = new URL(await getSignedUrl(client, command, { expiresIn: 60 }))
    return url.pathname + url.search
  }

  test.each(['localhost', '127.0.0.1', 'registry.local', 'host.docker.internal'])(
    'a presigned GET works under the name %s',
    async (name) => {
      const headers = { Host: `${name}:${front.port}` }
      const response = await send(front.port, await presign('blobs/sha256/small'), { headers })
      expect(response.statusCode).toBe(200)
      expect(response.headers['content-length']).toBe('10')
      expect(await text(response)).toBe('0123456789')
    },
  )

  test('a token for the registry that came along does no harm', async () => {
    const path = await presign('blobs/sha256/small')
    const direct = await send(Number(new URL(store.s3.endpoint).port), path, { headers: { Authorization: 'Bearer x' } })
    expect(direct.statusCode, 'the store itself refuses it').toBe(400)
    const response = await send(front.port, path, { headers: { Authorization: 'Bearer x' } })
    expect(response.statusCode).toBe(200)
    expect(await text(response)).toBe('0123456789')
  })

  test.each(['bytes=3-2', 'lines=1-2', 'bytes=', 'bytes=-', 'bytes=a-b', '1-2'])(
    'a Range that is none is ignored: %s',
    async (range) => {
      const response = await send(front.port, await presign('blobs/sha256/small'), { headers: { Range: range } })
      expect(response.statusCode).toBe(200)
      expect(await text(response)).toBe('0123456789')
    },
  )

  test('Range', async () => {
    const response = await send(front.port, await presign('blobs/sha256/small'), { headers: { Range: 'bytes=2-4' } })
    expect(response.statusCode).toBe(206)
    expect(response.headers['content-range']).toBe('bytes 2-4/10')
    expect(await text(response)).toBe('234')
  })

  test('HEAD', async () => {
    const response = await send(front.port, await presign('blobs/sha256/small', 'HEAD'), { method: 'HEAD' })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-length']).toBe('10')
    expect(await text(response)).toBe('')
  })

  test('a big object, unchanged', async () => {
    const digest = createHash('sha256')
    const response = await send(front.port, await presign('blobs/sha256/big'))
    for await (const chunk of response as AsyncIterable<Buffer>) digest.update(chunk)
    expect(digest.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
  })

  test('the store still judges the signature', async () => {
    const path = await presign('blobs/sha256/small')
    const other = path.replace('blobs/sha256/small', 'blobs/sha256/big')
    expect((await send(front.port, other)).statusCode).toBe(403)
    expect((await send(front.port, path.split('?')[0] ?? '')).statusCode).toBe(400)
  })

  test.each(['PUT', 'POST', 'DELETE'])('%s is refused', async (method) => {
    const response = await send(front.port, await presign('blobs/sha256/small'), { method })
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe('GET, HEAD')
  })

  test.each(['/', '/cdn-cgi/local/explorer', '/cdn-cgi/local/r2/s3/../public/roadstead/blobs/sha256/small', '//'])(
    'nothing else of the store is reached: %s',
    async (path) => {
      expect((await send(front.port, path)).statusCode).toBe(404)
    },
  )

  test('a TLS client is turned away at once', async () => {
    const before = Date.now()
    const tls = connectTls({ host: '127.0.0.1', port: front.port })
    await once(tls, 'error')
    expect(Date.now() - before).toBeLessThan(AT_ONCE_MS)
  })
})

describe('before a server that tells what it got', () => {
  async function frontOf(listener: RequestListener) {
    const server = createServer(listener)
    const port = await listenOn(server)
    const upstream = Promise.resolve({ port, signedHost: '127.0.0.1:1234', basePath: '/s3' })
    const front = await startStorageFront({ host: '127.0.0.1', port: 0, upstream })
    onTestFinished(async () => {
      await front.stop()
      server.closeAllConnections()
      server.close()
    })
    return { server, port: front.port }
  }

  test('the Host that was signed is put back, and all but the connection is passed on as it is', async () => {
    const { port } = await frontOf((incoming, response) => {
      response
        .writeHead(200, { 'X-Amz-Thing': ['a', 'b'], ETag: '"e"' })
        .end(JSON.stringify({ url: incoming.url, headers: incoming.headers }))
    })
    const headers = { Host: 'registry.local:5001', Authorization: 'Bearer x', Range: 'bytes=0-', Connection: 'close' }
    const response = await send(port, '/s3/bucket/a%3Ab?X-Amz-Signature=1&x=%2B', { headers })
    expect(response.headers).toMatchObject({ 'x-amz-thing': 'a, b', etag: '"e"' })
    const got = JSON.parse(await text(response)) as { url: string; headers: Record<string, string> }
    expect(got.url).toBe('/s3/bucket/a%3Ab?X-Amz-Signature=1&x=%2B')
    expect(got.headers).toEqual({ host: '127.0.0.1:1234', range: 'bytes=0-', connection: 'close' })
  })

  test('Authorization stays where the query has no signature', async () => {
    const { port } = await frontOf((incoming, response) => response.end(incoming.headers.authorization))
    const response = await send(port, '/s3/bucket/key', { headers: { Authorization: 'AWS4-HMAC-SHA256 x' } })
    expect(await text(response)).toBe('AWS4-HMAC-SHA256 x')
  })

  test('a client that goes ends the request to the store', async () => {
    let open = 0
    const { port } = await frontOf((_, response) => {
      open++
      response.write('the first part')
      response.once('close', () => open--)
    })
    const response = await send(port, '/s3/bucket/key')
    expect(open).toBe(1)
    response.destroy()
    await until('the end of the request', () => open === 0)
  })

  test('an answer that breaks off breaks off for the client', async () => {
    const { port } = await frontOf((_, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('the first part')
      setTimeout(() => response.destroy(), 50)
    })
    await expect(text(await send(port, '/s3/bucket/key'))).rejects.toThrow('aborted')
  })

  test('a store that is gone is 502', async () => {
    const { server, port } = await frontOf(() => undefined)
    server.close()
    expect((await send(port, '/s3/bucket/key')).statusCode).toBe(502)
  })
})
