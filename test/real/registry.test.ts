import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startLocal } from '../../src/node/local.ts'
import { bytesOf, digestOf, pushBlob } from '../suites/client.ts'
import { describeManifests } from '../suites/manifests.ts'
import { describePulls } from '../suites/pulls.ts'
import { describeReferrers } from '../suites/referrers.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { describeUploads } from '../suites/uploads.ts'

const PART_BYTES = 5 * 1024 * 1024

/** The Worker in workerd, the embedded store, and the listeners in front: what `npm start` runs. */
async function openLocal(): Promise<RegistryUnderTest> {
  const data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  const local = await startLocal({ data, open: true })
  return {
    fetch: (path, init) => fetch(local.url + path, { redirect: 'manual', ...init }),
    download: (location, headers) => fetch(location, { headers: headers ?? {} }),
    async stop() {
      await local.stop()
      await rm(data, { recursive: true })
    },
  }
}

describeUploads('workerd and the embedded store', openLocal, PART_BYTES)
describePulls('workerd and the embedded store', openLocal)
describeReferrers('workerd and the embedded store', openLocal)
describeManifests('workerd and the embedded store', openLocal)

describe('behind the redirect', () => {
  let registry: RegistryUnderTest
  const bytes = bytesOf(2048)
  const digest = digestOf(bytes)
  beforeAll(async () => {
    registry = await openLocal()
    await pushBlob(registry, 'ranges', bytes)
  })
  afterAll(() => registry.stop())

  test.each([
    ['bytes=500-1499', 206, 'bytes 500-1499/2048', 1000],
    ['bytes=500-', 206, 'bytes 500-2047/2048', 1548],
    ['bytes=-500', 206, 'bytes 1548-2047/2048', 500],
    ['bytes=2000-5000', 206, 'bytes 2000-2047/2048', 48],
    ['bytes=5000-10000', 416, null, 0],
  ])('%s: %i', async (range, status, contentRange, length) => {
    const redirect = await registry.fetch(`/v2/ranges/blobs/${digest}`, { headers: { Range: range } })
    const part = await registry.download(redirect.headers.get('Location') ?? '', { Range: range })
    expect(part.status).toBe(status)
    const body = new Uint8Array(await part.arrayBuffer())
    if (status === 416) return
    const [, first = ''] = /(\d+)-/.exec(contentRange ?? '') ?? []
    expect(part.headers.get('Content-Range')).toBe(contentRange)
    expect(part.headers.get('Content-Length')).toBe(String(length))
    expect(body).toEqual(bytes.slice(Number(first), Number(first) + length))
  })
})
