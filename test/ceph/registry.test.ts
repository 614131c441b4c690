import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { bytesOf, digestOf, pushBlob } from '../suites/client.ts'
import { describeManifests } from '../suites/manifests.ts'
import { describePulls } from '../suites/pulls.ts'
import { describeReferrers } from '../suites/referrers.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { describeUploads } from '../suites/uploads.ts'
import { createBucket } from './ceph.ts'
import { openRegistryOn } from '../storage-fronts/open-registry.ts'

const PART_BYTES = 5 * 1024 * 1024
const s3 = inject('cephS3')

describe.skipIf(s3 === null)('on Ceph', () => {
  const open = async () => {
    if (s3 === null) throw new Error('Cannot open a registry on Ceph: it is not there')
    return openRegistryOn(await createBucket({ ...s3, bucket: `suite-${crypto.randomUUID()}` })) // the catalog is of a registry that holds no more than its suite's
  }

  describeUploads('workerd and Ceph', open, PART_BYTES)
  describePulls('workerd and Ceph', open)
  describeReferrers('workerd and Ceph', open)
  describeManifests('workerd and Ceph', open)

  describe('behind the redirect', () => {
    let registry: RegistryUnderTest
    const bytes = bytesOf(2048)
    beforeAll(async () => {
      registry = await open()
      await pushBlob(registry, 'ranges', bytes)
    })
    afterAll(() => registry.stop())

    test.for([
      ['bytes=500-1499', 206, 'bytes 500-1499/2048'],
      ['bytes=500-', 206, 'bytes 500-2047/2048'],
      ['bytes=-500', 206, 'bytes 1548-2047/2048'],
      ['bytes=2000-5000', 206, 'bytes 2000-2047/2048'],
      ['bytes=5000-10000', 416, null],
    ] as const)('%s: %i, by the storage itself', async ([range, status, contentRange]) => {
      const headers = { Range: range }
      const redirect = await registry.fetch(`/v2/ranges/blobs/${digestOf(bytes)}`, { headers })
      const location = redirect.headers.get('Location') ?? ''
      expect(new URL(location).origin).toBe(s3?.endpoint)
      const part = await registry.download(location, headers)
      expect(part.status).toBe(status)
      const body = new Uint8Array(await part.arrayBuffer())
      if (contentRange === null) return
      const [, first = '', last = ''] = /(\d+)-(\d+)/.exec(contentRange) ?? []
      expect(part.headers.get('Content-Range')).toBe(contentRange)
      expect(body).toEqual(bytes.slice(Number(first), Number(last) + 1))
    })
  })
})
