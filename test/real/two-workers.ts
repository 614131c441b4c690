import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { bundleWorker } from '../../src/node/build.ts'
import { startRegistry } from '../../src/node/registry.ts'
import { startStore } from '../../src/node/store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'

/** Two Workers over one storage, neither with an edge cache. */
export interface TwoWorkers {
  /** Resolves tags through KV. It has it for itself, so tags are to be moved through this one alone. */
  readonly fast: RegistryUnderTest
  /** Asks storage for each tag. */
  readonly fresh: RegistryUnderTest
  readonly objects: ObjectStore
  stop(): Promise<void>
}

export async function startTwoWorkers(): Promise<TwoWorkers> {
  const ending: (() => Promise<unknown>)[] = []
  const data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  ending.push(() => rm(data, { recursive: true }))
  const store = await startStore(data)
  ending.push(() => store.stop())
  const script = await bundleWorker()

  async function open(tagReads: string): Promise<RegistryUnderTest> {
    const settings = { ACCESS: 'open', TAG_READS: tagReads, EDGE_CACHE_SECONDS: '0', LOG_REQUESTS: 'none' }
    const registry = await startRegistry({ script, dir: join(data, tagReads), s3: store.s3, settings })
    ending.push(() => registry.stop())
    return {
      fetch: (path, init) => fetch(`http://127.0.0.1:${registry.port}${path}`, { redirect: 'manual', ...init }),
      download: (location) => fetch(location),
      stop: () => registry.stop(),
    }
  }

  return {
    fast: await open('fast'),
    fresh: await open('fresh'),
    objects: createS3ObjectStore({ ...store.s3, pathStyle: true, features: new Set(), timeoutMs: 10_000 }),
    async stop() {
      for (const end of ending.reverse()) await end()
    },
  }
}
