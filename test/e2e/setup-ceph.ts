import type { TestProject } from 'vitest/node'
import { startCephIfThere } from '../ceph/ceph.ts'
import { NOTHING, startAll } from './setup.ts'

/** As setup.ts, with the registries on Ceph. */
export default async function setupOnCeph(project: TestProject): Promise<() => Promise<void>> {
  const ceph = await startCephIfThere()
  if (ceph === null) {
    project.provide('e2e', { ...NOTHING, missing: ['Ceph'] })
    return () => Promise.resolve()
  }
  try {
    const teardown = await startAll(project, ceph.s3)
    return async () => {
      await teardown()
      await ceph.stop()
    }
  } catch (error) {
    await ceph.stop()
    throw error
  }
}
