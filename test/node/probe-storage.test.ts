import { createServer, type RequestListener } from 'node:http'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartFailure } from '../../src/node/failure.ts'
import { probeStorage } from '../../src/node/probe-storage.ts'
import { startStore, type S3Settings, type Store } from '../../src/node/store.ts'
import { freePorts, listenOn } from './support/ports.ts'

const dir = mkdtempSync(join(tmpdir(), 'roadstead-test-'))
let store: Store

beforeAll(async () => {
  store = await startStore(dir)
})
afterAll(async () => {
  await store.stop()
  rmSync(dir, { recursive: true, force: true })
})

const failure = async (s3: S3Settings) => {
  const error: unknown = await probeStorage(s3).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StartFailure)
  return (error as StartFailure).message
}

async function storageThat(listener: RequestListener): Promise<S3Settings> {
  const server = createServer(listener)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { ...store.s3, endpoint: `http://127.0.0.1:${await listenOn(server)}` }
}

test('a storage that is as it should be', async () => {
  await expect(probeStorage(store.s3)).resolves.toBeUndefined()
})

test('a bucket that does not exist', async () => {
  expect(await failure({ ...store.s3, bucket: 'images' })).toBe(
    `Cannot use bucket "images" of storage "${store.s3.endpoint}": it does not exist (see S3_BUCKET)`,
  )
})

test.each([
  ['secretAccessKey', 'SignatureDoesNotMatch'],
  ['accessKeyId', 'Unauthorized'], // R2's word; InvalidAccessKeyId elsewhere
] as const)('a wrong %s', async (name, reason) => {
  const message = await failure({ ...store.s3, [name]: 'f'.repeat(32) })
  expect(message).toContain(`the keys are refused, ${reason} (see S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY)`)
})

test('nobody listens there', async () => {
  const [port] = await freePorts()
  const endpoint = `http://127.0.0.1:${port}`
  expect(await failure({ ...store.s3, endpoint })).toBe(`Cannot reach storage "${endpoint}": the connection is refused`)
})

test('no such host', async () => {
  // RFC 6761: names below .invalid exist nowhere.
  const endpoint = 'http://storage.invalid'
  expect(await failure({ ...store.s3, endpoint })).toBe(
    `Cannot reach storage "${endpoint}": there is no host of that name`,
  )
})

test('a storage that never answers is given up after five seconds', async () => {
  const s3 = await storageThat(() => undefined)
  expect(await failure(s3)).toBe(`Cannot reach storage "${s3.endpoint}": it does not answer within 5 seconds`)
})

test.each([
  ['a web page', 200, '<!doctype html><p>Hello', 'it does not answer as an S3 storage does'],
  ['a fault', 503, '', 'it answers 503'],
  ['another region', 301, '<Error><Code>PermanentRedirect</Code></Error>', 'PermanentRedirect (see S3_REGION'],
  ['no permission', 403, '<Error><Code>AccessDenied</Code></Error>', 'the keys are refused, AccessDenied'],
])('%s', async (_, status, body, reason) => {
  const s3 = await storageThat((_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/html' }).end(body)
  })
  const message = await failure(s3)
  expect(message).toContain(reason)
  expect(message).not.toContain('\n')
})
