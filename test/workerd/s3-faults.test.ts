import { describe, expect, inject, test } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import type { S3Settings } from '../../src/storage/s3-settings.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { writeObject } from '../../src/storage/write-object.ts'
import { rejection } from '../oci/support/refusal.ts'
import { S3 } from './settings.ts'

const FAILING: S3Settings = { ...S3, endpoint: inject('failingS3'), timeoutMs: 200 }
const NOBODY_THERE: S3Settings = { ...FAILING, endpoint: 'http://127.0.0.1:1', bucket: 'none' }
const BYTES = new Uint8Array(1_000_000)

const OPERATIONS: [name: string, act: (store: ObjectStore) => Promise<unknown>][] = [
  ['head', (store) => store.head('a')],
  ['get', (store) => store.get('a')],
  ['open', (store) => store.open('a')],
  ['put', (store) => store.put('a', BYTES)],
  ['startMultipart', (store) => store.startMultipart('a')],
  ['copy', (store) => store.copy('a', 'b', 10)],
  ['copy by parts', (store) => store.copy('a', 'b', 2 ** 40)],
  ['delete', (store) => store.delete('a')],
  ['list', (store) => store.list('a/', { limit: 10 })],
]

describe.each([
  ['refuses', { ...FAILING, bucket: 'refuse' }, 4],
  ['cuts the connection', { ...FAILING, bucket: 'cut' }, 4],
  ['cannot be reached', NOBODY_THERE, null],
] as const)('a storage that %s', (_, settings, attempts) => {
  test.each(OPERATIONS)('is unavailable to %s, after it was tried again', async (_, act) => {
    const before = await requests(settings.bucket)
    const error = await rejection(act(createS3ObjectStore(settings)))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, details: [undefined] })
    expect(error.cause).toBeInstanceOf(Error)
    if (attempts !== null) expect((await requests(settings.bucket)) - before).toBe(attempts)
  })
})

test.each([
  ['head', (store: ObjectStore) => store.head('a')],
  ['put', (store: ObjectStore) => store.put('a', new Uint8Array(1))],
] as const)('a storage that does not answer is unavailable to %s', async (_, act) => {
  for (const bucket of ['stall', 'mute']) {
    const error = await rejection(act(createS3ObjectStore({ ...FAILING, bucket, timeoutMs: 50 })))
    expect(error.code).toBe('UNAVAILABLE')
  }
})

test.each([
  ['list', (store: ObjectStore) => store.list('a/', { limit: 10 })],
  ['copy', (store: ObjectStore) => store.copy('a', 'b', 10)],
  ['startMultipart', (store: ObjectStore) => store.startMultipart('a')],
  ['get', (store: ObjectStore) => store.get('a')],
] as const)('a storage that begins its answer and never ends it is unavailable to %s', async (_, act) => {
  const error = await rejection(act(createS3ObjectStore({ ...FAILING, bucket: 'hush', timeoutMs: 20 })))
  expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
})

describe('a streamed body', () => {
  test.each([
    ['refuses', { ...FAILING, bucket: 'refuse' }],
    ['cuts the connection', { ...FAILING, bucket: 'cut' }],
    ['cannot be reached', NOBODY_THERE],
    ['does not read on', { ...FAILING, bucket: 'stall' }],
    ['never says that it has stored it', { ...FAILING, bucket: 'mute' }],
  ] as const)(
    'to a storage that %s is sent once, and the client learns that it was not stored',
    async (_, settings) => {
      const store = createS3ObjectStore(settings, { partBytes: 10, stallMs: 500, commitMs: 500 })
      const before = await requests(settings.bucket)
      let at = 0
      const body = new ReadableStream({
        type: 'bytes',
        pull(controller) {
          controller.enqueue(new Uint8Array(Math.min(65_536, 20_000_000 - at)))
          at += 65_536
          if (at >= 20_000_000) controller.close()
        },
      })
      const source = { streams: [body], size: 20_000_000, fault: () => new RegistryError('BLOB_UPLOAD_INVALID') }
      const error = await rejection(writeObject(store, 'a', source, 'sha256', () => undefined))
      expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
      if (settings.bucket !== 'none') expect((await requests(settings.bucket)) - before).toBe(1)
    },
  )
})

describe('a storage that begins its answer well and then fails', () => {
  test.each([
    ['a copy', (store: ObjectStore) => store.copy('a', 'b', 10)],
    [
      'a completion',
      async (store: ObjectStore) => {
        const upload = await store.startMultipart('a')
        await upload.putPart(BYTES)
        await upload.complete()
      },
    ],
  ])('has not done %s', async (_, act) => {
    const error = await rejection(act(createS3ObjectStore({ ...FAILING, bucket: 'late' })))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
  })

  test('has not listed anything', async () => {
    const error = await rejection(createS3ObjectStore({ ...FAILING, bucket: 'half' }).list('a/', { limit: 10 }))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
  })
})

describe('a storage that is there, but not ours', () => {
  test.each(OPERATIONS)('%s with a wrong key is a fault, and not an absent object', async (_, act) => {
    const error = await rejection(act(createS3ObjectStore({ ...S3, secretAccessKey: 'f'.repeat(64) })))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, details: [undefined] })
  })

  test.each(OPERATIONS.filter(([name]) => name !== 'head'))(
    '%s in a bucket that does not exist is a fault, and not an absent object', // of a HEAD there is no more than 404
    async (_, act) => {
      const error = await rejection(act(createS3ObjectStore({ ...S3, bucket: 'another' })))
      expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
    },
  )
})

/** How many requests a bucket has had. */
async function requests(bucket: string): Promise<number> {
  return Number(await (await fetch(`${inject('failingS3')}/counts/${bucket}`)).text())
}
