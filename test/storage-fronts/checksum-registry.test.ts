import { request } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { S3Client, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startStore, type S3Settings } from '../../src/node/store.ts'
import { until } from '../node/support/until.ts'
import { bytesOf, closing, digestOf, locationOf, outcome, pullBlob, startUpload } from '../suites/client.ts'
import { describeManifests } from '../suites/manifests.ts'
import { describePulls } from '../suites/pulls.ts'
import { describeReferrers } from '../suites/referrers.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { describeUploads } from '../suites/uploads.ts'
import { startChecksumFront, type ChecksumFront } from './checksum-front.ts'
import { openRegistryOn } from './open-registry.ts'

const PART_BYTES = 5 * 1024 * 1024

interface CheckedRegistry extends RegistryUnderTest {
  /** Without a slash at its end. */
  readonly url: string
  readonly front: ChecksumFront
  readonly s3: S3Settings
}

/** The Worker in workerd, told that its storage checks digests, and the embedded store behind a front that does. */
async function open(): Promise<CheckedRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'roadstead-'))
  const store = await startStore(folder)
  const front = await startChecksumFront(store.s3)
  const registry = await openRegistryOn(front.s3, { S3_FEATURES: 'checksum-sha256' })
  return {
    ...registry,
    front,
    s3: store.s3,
    async stop() {
      await registry.stop()
      await front.stop()
      await store.stop()
      await rm(folder, { recursive: true })
    },
  }
}

describeUploads('a storage that checks digests', open, PART_BYTES)
describePulls('a storage that checks digests', open)
describeReferrers('a storage that checks digests', open)
describeManifests('a storage that checks digests', open)

describe('a blob whose digest comes with its bytes', () => {
  let registry: CheckedRegistry
  beforeAll(async () => {
    registry = await open()
  })
  afterAll(() => registry.stop())

  const WAYS: [name: string, path: (digest: string) => Promise<readonly [method: string, path: string]>][] = [
    ['PUT', async (digest) => ['PUT', closing(await startUpload(registry, 'checked'), digest)]],
    ['POST', (digest) => Promise.resolve(['POST', `/v2/checked/blobs/uploads/?digest=${digest}`])],
  ]
  const SIZES = [1, 1000, PART_BYTES, 2 * PART_BYTES + 1]
  const ROWS = WAYS.flatMap(([name, to]) => SIZES.map((size) => [name, size, to] as const))

  test.each(ROWS)('%s of %i bytes: the storage has checked it', async (_, size, to) => {
    const [bytes, before] = [bytesOf(size), { ...registry.front.seen }]
    const digest = digestOf(bytes)
    const [method, path] = await to(digest)
    const response = await registry.fetch(path, { method, body: bytes })
    expect(await outcome(response)).toBe('201')
    expect(locationOf(response)).toBe(`/v2/checked/blobs/${digest}`)
    expect(registry.front.seen).toEqual({ ...before, stored: before.stored + 1 })
    expect(digestOf(await pullBlob(registry, 'checked', digest))).toBe(digest)
  })

  test.each(ROWS)('%s of %i bytes under a wrong digest: the storage has refused it', async (_, size, to) => {
    const [bytes, before, stored] = [bytesOf(size), { ...registry.front.seen }, await blobsOf(registry.s3)]
    const [method, path] = await to(digestOf('else'))
    expect(await outcome(await registry.fetch(path, { method, body: bytes }))).toBe('400 DIGEST_INVALID')
    expect(registry.front.seen).toEqual({ ...before, refused: before.refused + 1 })
    expect(await blobsOf(registry.s3)).toEqual(stored)
  })

  test.each(ROWS.filter(([, size]) => size > 1))('%s of %i bytes that break off store nothing', async (_, size, to) => {
    const [bytes, before, stored] = [bytesOf(size), registry.front.seen.brokenOff, await blobsOf(registry.s3)]
    const [method, path] = await to(digestOf(bytes))
    await sendHalf(registry.url + path, method, bytes)
    await until('the storage to lose the body', () => registry.front.seen.brokenOff === before + 1)
    expect(await blobsOf(registry.s3)).toEqual(stored)
    const head = await registry.fetch(`/v2/checked/blobs/${digestOf(bytes)}`, { method: 'HEAD' })
    expect(head.status).toBe(404)
  })
})

/** Announces all the bytes, sends half of them, and is gone. */
async function sendHalf(url: string, method: string, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const half = request(url, { method, headers: { 'Content-Length': bytes.length }, agent: false })
    half.once('close', resolve)
    half.once('error', () => undefined)
    half.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => setTimeout(() => half.destroy(), 200))
  })
}

async function blobsOf({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Settings): Promise<string[]> {
  const client = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true })
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'blobs/' }))
    return Contents.map(({ Key = '' }) => Key)
  } finally {
    client.destroy()
  }
}
