import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startLocal } from '../../src/node/local.ts'
import { describeManifests } from '../suites/manifests.ts'
import { describePulls } from '../suites/pulls.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { describeUploads } from '../suites/uploads.ts'

const PART_BYTES = 5 * 1024 * 1024

/** The Worker in workerd, the embedded store, and the listeners in front: what `npm start` runs. */
async function openLocal(): Promise<RegistryUnderTest> {
  const data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  const local = await startLocal({ data })
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
describeManifests('workerd and the embedded store', openLocal)
