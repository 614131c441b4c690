import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect, onTestFinished, test } from 'vitest'
import { StartFailure } from '../../src/node/failure.ts'
import { startStore, type S3Settings, type Store } from '../../src/node/store.ts'
import { temporaryFolder } from './support/temporary.ts'

async function storeIn(dir: string): Promise<Store> {
  const store = await startStore(dir)
  onTestFinished(() => store.stop())
  return store
}

function clientOf({ endpoint, region, accessKeyId, secretAccessKey }: S3Settings): S3Client {
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  onTestFinished(() => {
    client.destroy()
  })
  return client
}

test('started again, it has the same keys and all objects', async () => {
  const dir = temporaryFolder()
  const first = await startStore(dir)
  const object = { Bucket: first.s3.bucket, Key: 'blobs/sha256/a' }
  await clientOf(first.s3).send(new PutObjectCommand({ ...object, Body: 'kept' }))
  await first.stop()

  const second = await storeIn(dir)
  expect({ ...second.s3, endpoint: null }).toEqual({ ...first.s3, endpoint: null })
  const { Body } = await clientOf(second.s3).send(new GetObjectCommand(object))
  expect(await Body?.transformToString()).toBe('kept')
})

test('the keys are random, and only their owner can read them', async () => {
  const [one, other] = [temporaryFolder(), temporaryFolder()]
  const [first, second] = [await storeIn(one), await storeIn(other)]
  expect(first.s3.secretAccessKey).toMatch(/^[0-9a-f]{64}$/)
  expect(second.s3.secretAccessKey).not.toBe(first.s3.secretAccessKey)
  expect(statSync(join(one, 'credentials.json')).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(join(one, 'credentials.json'), 'utf8'))).toEqual({
    accessKeyId: first.s3.accessKeyId,
    secretAccessKey: first.s3.secretAccessKey,
  })
})

test('other keys are refused', async () => {
  const { s3 } = await storeIn(temporaryFolder())
  const client = clientOf({ ...s3, secretAccessKey: 'f'.repeat(64) })
  const put = client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'a', Body: 'b' }))
  await expect(put).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' })
})

test.each([
  ['{', 'it is not JSON'],
  ['{}', 'they are not there'],
])('keys that cannot be read are not replaced: %s', async (content, reason) => {
  const dir = temporaryFolder()
  const path = join(dir, 'credentials.json')
  writeFileSync(path, content)
  const message = `Cannot read the store's keys in "${path}": ${reason} (remove the file to have new ones)`
  await expect(startStore(dir)).rejects.toThrow(new StartFailure(message))
  expect(readFileSync(path, 'utf8')).toBe(content)
})
