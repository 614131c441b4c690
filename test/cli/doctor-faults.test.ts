import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { openWorkshop } from '../../src/cli/doctor/bench.ts'
import { PROBES, runProbe } from '../../src/cli/doctor/examine.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { startStore, type S3Settings, type Store } from '../../src/node/store.ts'
import type { StoreFeature } from '../../src/storage/object-store.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { until } from '../node/support/until.ts'
import { startChecksumFront } from '../storage-fronts/checksum-front.ts'
import { FAULTS } from '../storage-fronts/faulty-fronts.ts'
import { startStorageFront, type StorageFront } from '../storage-fronts/front.ts'

let store: Store
const folder = mkdtempSync(join(tmpdir(), 'roadstead-doctor-'))
beforeAll(async () => {
  store = await startStore(folder)
})
afterAll(async () => {
  await store.stop()
  rmSync(folder, { recursive: true, force: true })
})

function settingsOf(s3: S3Settings, ...features: StoreFeature[]) {
  return { ...s3, pathStyle: true, features: new Set(features), timeoutMs: 10_000 }
}

/** The finding of one probe; whatever it has written is gone then. */
async function find(name: string, front: Pick<StorageFront, 's3'>, ...features: StoreFeature[]): Promise<Finding> {
  const probe = PROBES.find((candidate) => candidate.name === name)
  if (probe === undefined) throw new Error(`Cannot find the probe "${name}"`)
  const workshop = openWorkshop(settingsOf(front.s3, ...features))
  const finding = await runProbe(workshop, probe)
  await workshop.clear()
  const objects = createS3ObjectStore(settingsOf(store.s3))
  const left = async () => (await objects.list('doctor/', { limit: 1 })).objects.length
  await until('everything to be removed', async () => (await left()) === 0)
  return finding
}

const ROWS: readonly (readonly [fault: keyof typeof FAULTS, probe: string, seen: string])[] = [
  ['does not verify signatures', 'wrong-secret', 'GET with a wrong secret is answered 200, not 403'],
  ['does not verify signatures', 'presigned-tampered', 'a URL for another key is answered 200, not 403'],
  ['lets everybody read', 'anonymous', 'GET without a signature is answered 200, not 403'],
  [
    'has a clock that is an hour late',
    'clock',
    's between this machine and the storage: signatures hold for 15 minutes',
  ],
  ['drops metadata', 'attributes', 'the metadata of an object have become nothing'],
  ['drops metadata', 'copy', 'a copy loses the metadata'],
  ['takes a plus in a key for a space', 'keys', 'the key "a+b" is not found again'],
  ['reads what was there a second ago', 'read-after-write', 'HEAD right after a write does not show it'],
  ['deletes a second later', 'read-after-delete', 'HEAD right after a DELETE still finds the object'],
  ['shows the half of an object while it is written', 'overwrite', 'a reader gets a mixture, or a part'],
  ['stores what has come of a body that breaks off', 'short-body', 'broke off is stored with 1048576 bytes'],
  ['refuses presigned URLs', 'presigned', 'GET is answered 403'],
  ['forgets that presigned URLs expire', 'presigned-expiry', 'a URL that expired a day ago is answered 200'],
  ['ignores Range', 'ranges', 'Range: bytes=10-19 is answered 200, not 206'],
  ['shows an upload before it is complete', 'multipart', 'an upload is there before it is complete'],
  ['shows an upload before it is complete', 'multipart-abort', 'an upload that was given up is there'],
  ['ignores the range of a copied part', 'copy-parts', 'a copy by parts has other bytes'],
  ['lists a second later', 'list-after-write', 'a listing right after write 1 has 0 keys'],
  ['lists in another order', 'list-order', 'not in the order of their bytes'],
  ['ignores start-after', 'list-after', 'start-after "a" is followed by ! -'],
  ['lists half a page', 'list-pages', 'a page of 1000 has 500 keys'],
]

test.each(ROWS)('a storage that %s fails %s', async (fault, probe, seen) => {
  const front = await startStorageFront(store.s3, FAULTS[fault](store.s3))
  try {
    const finding = await find(probe, front)
    expect(finding).toMatchObject({ name: probe, verdict: 'fail' })
    expect(finding.seen).toContain(seen)
  } finally {
    await front.stop()
  }
})

test.each([...new Set(ROWS.map(([, probe]) => probe))])('a storage without faults passes %s', async (probe) => {
  const finding = await find(probe, { s3: store.s3 })
  expect(finding.verdict, finding.seen).not.toBe('fail')
})

test('a storage that nobody reaches fails every probe, in a line', async () => {
  const front = await startStorageFront(store.s3, (request) => {
    request.socket.destroy()
  })
  const workshop = openWorkshop({ ...settingsOf(front.s3), timeoutMs: 50 })
  for (const probe of PROBES) {
    const { verdict, seen } = await runProbe(workshop, probe)
    expect(verdict, probe.name).toBe('fail')
    expect(seen).toMatch(/^[^\n]+$/)
  }
  await front.stop()
})

test('a storage that enforces checksums may be told so, whether it is told or not', async () => {
  const front = await startChecksumFront(store.s3)
  const want = { name: 'checksum-sha256', verdict: 'ok', feature: 'checksum-sha256' }
  expect(await find('checksum-sha256', front)).toMatchObject(want)
  expect(await find('checksum-sha256', front, 'checksum-sha256')).toMatchObject(want)
  await front.stop()
})

test('a storage that takes bytes with a wrong checksum must not be told to enforce them', async () => {
  const unaware = await find('checksum-sha256', { s3: store.s3 })
  expect(unaware).not.toHaveProperty('feature')
  expect(unaware.verdict).toBe('ok')
  const finding = await find('checksum-sha256', { s3: store.s3 }, 'checksum-sha256')
  expect(finding.verdict).toBe('fail')
  expect(finding.seen).toContain('remove checksum-sha256 from S3_FEATURES')
})
