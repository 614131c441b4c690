import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, onTestFinished, test } from 'vitest'
import { StartFailure } from '../../src/node/failure.ts'
import { startLocal, type Local, type LocalOptions } from '../../src/node/local.ts'
import { startStore, type S3Settings } from '../../src/node/store.ts'
import { STAND_IN_WORKER } from './stand-in/worker.ts'
import { createAuthority } from './support/certificates.ts'
import { freePorts, isListening, listenOn } from './support/ports.ts'
import { temporaryFolder } from './support/temporary.ts'

async function start(options: LocalOptions): Promise<Local> {
  const local = await startLocal({ script: STAND_IN_WORKER, open: true, ...options })
  onTestFinished(() => local.stop())
  return local
}

const variables = async ({ url }: Local) => (await fetch(url)).json<Record<string, string>>()
const portOf = (url: string | null) => Number(new URL(url ?? '').port)

function clientOf({ endpoint, region, accessKeyId, secretAccessKey }: S3Settings): S3Client {
  const client = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true })
  onTestFinished(() => {
    client.destroy()
  })
  return client
}

test('the Worker gets the variables of the embedded store', async () => {
  const local = await start({ data: temporaryFolder() })
  expect(local.url).toMatch(/^http:\/\/localhost:\d+$/)
  expect(await variables(local)).toEqual({
    url: `${local.url}/`,
    S3_ENDPOINT: local.s3.endpoint,
    S3_BUCKET: 'roadstead',
    S3_REGION: 'auto',
    S3_ACCESS_KEY_ID: local.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: local.s3.secretAccessKey,
    S3_PATH_STYLE: 'true',
    ACCESS: 'open',
    LOG_REQUESTS: 'none',
    METRICS_PAGE: 'on',
    BLOB_REDIRECT_ORIGIN: `http://{hostname}:${portOf(local.storageUrl)}`,
  })
})

test('with a certificate, both ports speak TLS and clients are told https', async () => {
  const folder = temporaryFolder()
  const authority = createAuthority(folder)
  const tls = authority.issue('server', ['DNS:registry.local', 'IP:127.0.0.1'])
  const local = await start({ data: join(folder, 'data'), tls, settings: { LOG_REQUESTS: 'all' } })
  const [port, storagePort] = [portOf(local.url), portOf(local.storageUrl)]
  expect([local.url, local.storageUrl]).toEqual([
    `https://registry.local:${port}`,
    `https://registry.local:${storagePort}`,
  ])
  const ca = readFileSync(authority.file)
  const ask = async (at: number) => {
    const outgoing = requestTls({ host: '127.0.0.1', port: at, path: '/', ca, agent: false }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { status: response.statusCode, body: await text(response) }
  }
  expect(JSON.parse((await ask(port)).body)).toMatchObject({
    PUBLIC_ORIGIN: 'https://{host}',
    BLOB_REDIRECT_ORIGIN: `https://{hostname}:${storagePort}`,
    LOG_REQUESTS: 'all',
  })
  expect((await ask(storagePort)).status).toBe(404) // nothing of the store's server but its S3 API
})

test('where a proxy of the user is reached comes before our ports', async () => {
  const folder = temporaryFolder()
  const tls = createAuthority(folder).issue('server', ['DNS:localhost'])
  const settings = {
    PUBLIC_ORIGIN: 'https://images.example.com',
    BLOB_REDIRECT_ORIGIN: 'https://layers.example.com',
  }
  const local = await start({ data: join(folder, 'data'), tls, settings })
  const ca = readFileSync(join(folder, 'ca.crt'))
  const outgoing = requestTls({ host: '127.0.0.1', port: portOf(local.url), servername: 'localhost', ca, agent: false })
  const [response] = (await once(outgoing.end(), 'response')) as [IncomingMessage]
  expect(JSON.parse(await text(response))).toMatchObject(settings)
})

test('a certificate that cannot be used is said before anything is started', async () => {
  const folder = temporaryFolder()
  const data = join(folder, 'data')
  const tls = { cert: join(folder, 'absent.crt'), key: join(folder, 'absent.key') }
  const message = `Cannot use --tls-cert "${tls.cert}": there is no such file`
  await expect(startLocal({ script: STAND_IN_WORKER, data, tls })).rejects.toThrow(new StartFailure(message))
  expect(existsSync(data)).toBe(false)
})

test('answers keep their length, whatever their type and whatever encodings the client takes', async () => {
  const { url } = await start({ data: temporaryFolder() })
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(portOf(url), '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.once('close', () => {
      resolve(text)
    })
    socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n')
  })
  expect(answer).toMatch(/^Content-Length: 2\r$/im)
  expect(answer).not.toMatch(/^Content-Encoding/im)
  expect(answer).toMatch(/\r\n\r\n\{\}$/)
})

test('started again, KV and objects are there', async () => {
  const data = temporaryFolder()
  const first = await startLocal({ script: STAND_IN_WORKER, open: true, data })
  const object = { Bucket: first.s3.bucket, Key: 'blobs/sha256/a' }
  await clientOf(first.s3).send(new PutObjectCommand({ ...object, Body: 'object' }))
  await fetch(`${first.url}/kv/tag`, { method: 'PUT', body: 'value' })
  await first.stop()
  expect(await isListening(portOf(first.url))).toBe(false)
  expect(await isListening(portOf(first.storageUrl))).toBe(false)
  expect(await isListening(portOf(first.s3.endpoint))).toBe(false)

  const second = await start({ data })
  expect(await (await fetch(`${second.url}/kv/tag`)).text()).toBe('value')
  const { Body } = await clientOf(second.s3).send(new GetObjectCommand(object))
  expect(await Body?.transformToString()).toBe('object')
})

test('started again, the edge cache is empty: what it holds may name a port of yesterday', async () => {
  const data = temporaryFolder()
  const [port, storagePort] = await freePorts()
  const first = await startLocal({ script: STAND_IN_WORKER, open: true, data, port, storagePort })
  await fetch(`${first.url}/cache/redirect`, { method: 'PUT', body: 'cached' })
  expect(await (await fetch(`${first.url}/cache/redirect`)).text()).toBe('cached')
  await first.stop()

  const second = await start({ data, port, storagePort })
  expect((await fetch(`${second.url}/cache/redirect`)).status).toBe(404)
})

test('an external storage: its variables, no storage front, and a KV of its own', async () => {
  const store = await startStore(temporaryFolder())
  onTestFinished(() => store.stop())
  const data = temporaryFolder()
  const embedded = await startLocal({ script: STAND_IN_WORKER, open: true, data })
  await fetch(`${embedded.url}/kv/tag`, { method: 'PUT', body: 'of the embedded store' })
  await embedded.stop()

  const external = await start({ data, s3: store.s3, settings: { S3_FEATURES: 'some,feature' } })
  expect(external.storageUrl).toBeNull()
  expect(await variables(external)).toEqual({
    url: `${external.url}/`,
    S3_ENDPOINT: store.s3.endpoint,
    S3_BUCKET: 'roadstead',
    S3_REGION: 'auto',
    S3_ACCESS_KEY_ID: store.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.s3.secretAccessKey,
    S3_PATH_STYLE: 'true',
    ACCESS: 'open',
    LOG_REQUESTS: 'none',
    METRICS_PAGE: 'on',
    S3_FEATURES: 'some,feature',
  })
  expect(await (await fetch(`${external.url}/kv/tag`)).text()).toBe('')
})

test('something can stand between the Worker and the store, and be signed for', async () => {
  const counting = createServer((_, response) => response.end())
  onTestFinished(() => void counting.close())
  const port = await listenOn(counting)
  const seen: string[] = []
  const local = await start({
    data: temporaryFolder(),
    s3EndpointForWorker: (endpoint) => {
      seen.push(endpoint)
      return `http://127.0.0.1:${port}${new URL(endpoint).pathname}`
    },
  })
  expect(seen).toEqual([local.s3.endpoint])
  expect((await variables(local))['S3_ENDPOINT']).toBe(`http://127.0.0.1:${port}/cdn-cgi/local/r2/s3`)

  // What was signed for the proxy is good at the storage front, which puts the proxy's Host back.
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  const object = { Bucket: local.s3.bucket, Key: 'a' }
  await clientOf(local.s3).send(new PutObjectCommand({ ...object, Body: 'through' }))
  const signer = clientOf({ ...local.s3, endpoint: `http://127.0.0.1:${port}/cdn-cgi/local/r2/s3` })
  const signed = new URL(await getSignedUrl(signer, new GetObjectCommand(object)))
  expect(await (await fetch(`${local.storageUrl ?? ''}${signed.pathname}${signed.search}`)).text()).toBe('through')
})

test.each([
  ['throws at once', 'throw new Error("no luck"); export default {}', /^Cannot start the Worker: no luck$/],
  ['does not parse', 'export default {', /^Cannot start the Worker: SyntaxError: Unexpected end of input$/],
  [
    'throws when asked',
    'export default { fetch() { throw new Error("S3_BUCKET is wrong") } }',
    /^Cannot start the Worker: .*S3_BUCKET is wrong$/,
  ],
  [
    'answers with a fault, and logs why',
    'export default { fetch() { console.error("Error: Cannot start: S3_BUCKET is wrong"); return new Response(null, { status: 503 }) } }',
    /^Cannot start the Worker: S3_BUCKET is wrong$/,
  ],
  [
    'answers with a fault',
    'export default { fetch: () => new Response("sorry", { status: 503 }) }',
    /^Cannot start the Worker: it answers 503 to GET \/v2\/: sorry$/,
  ],
])('a Worker that %s', async (_, script, message) => {
  const data = temporaryFolder()
  const [port, storagePort] = await freePorts()
  const error: unknown = await startLocal({ script, open: true, data, port, storagePort }).catch(
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StartFailure)
  expect((error as StartFailure).message).toMatch(message)
  expect((error as StartFailure).message).not.toContain('\n')
  expect(await isListening(port)).toBe(false)
  expect(await isListening(storagePort)).toBe(false)
  await start({ data, port, storagePort }) // nor is the folder still taken
})

test('a Worker whose process dies is started again, behind the same port', async () => {
  const local = await start({ data: temporaryFolder() })
  const { execFileSync } = await import('node:child_process')
  const pids = execFileSync('pgrep', ['-P', String(process.pid), 'workerd'], { encoding: 'utf8' })
    .trim()
    .split('\n')
  expect(pids).toHaveLength(2)
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL')
  await expect
    .poll(async () => (await fetch(`${local.url}/v2/`).catch(() => null))?.status, { timeout: 20_000 })
    .toBe(200)
  const object = { Bucket: local.s3.bucket, Key: 'a' }
  await clientOf(local.s3).send(new PutObjectCommand({ ...object, Body: 'still' }))
})

test('the name that the client used reaches the Worker', async () => {
  const { url } = await start({ data: temporaryFolder() })
  const answer = await new Promise<string>((resolve) => {
    const headers = { Host: 'registry.local:5000' }
    request({ port: portOf(url), path: '/', headers }, (response) => {
      response.on('data', (chunk: Buffer) => {
        resolve(chunk.toString())
      })
    }).end()
  })
  expect(JSON.parse(answer)).toMatchObject({ url: 'http://registry.local:5000/' })
})
