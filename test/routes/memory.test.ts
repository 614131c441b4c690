import { describeManifests } from '../suites/manifests.ts'
import { describePulls } from '../suites/pulls.ts'
import { describeReferrers } from '../suites/referrers.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'
import { describeUploads } from '../suites/uploads.ts'

const PART_BYTES = 64 * 1024

/** Four parts: what is larger than one PUT is written and copied by parts, too. */
const LIMITS = { partBytes: PART_BYTES, putBytes: 2 * PART_BYTES, copyBytes: 2 * PART_BYTES }

describeUploads('memory', () => Promise.resolve(createMemoryRegistry({ limits: LIMITS })), PART_BYTES)
describeUploads(
  'memory, digests checked by the store',
  () => Promise.resolve(createMemoryRegistry({ limits: LIMITS, features: ['checksum-sha256'] })),
  PART_BYTES,
)
describePulls('memory', () => Promise.resolve(createMemoryRegistry()))
describeManifests('memory', () => Promise.resolve(createMemoryRegistry()))
describeReferrers('memory', () => Promise.resolve(createMemoryRegistry()))
