import type { TestProject } from 'vitest/node'

import type { S3Settings } from '../../src/node/store.ts'
import { startCephIfThere } from './ceph.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Ceph; `null` on a machine that does not have it. */
    cephS3: S3Settings | null
  }
}

/** One Ceph for all tests that want one: it takes its time to start. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ceph = await startCephIfThere()
  project.provide('cephS3', ceph?.s3 ?? null)
  return async () => {
    await ceph?.stop()
  }
}
