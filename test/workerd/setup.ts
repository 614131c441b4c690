import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { TestProject } from 'vitest/node'

import { startStore, type S3Settings } from '../../src/node/store.ts'
import setupCeph from '../ceph/setup.ts'
import { startChecksumFront } from '../storage-fronts/checksum-front.ts'
import { startFailingStore } from './failing-store.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The embedded store. */
    s3: S3Settings
    /** The same, behind a front that enforces checksums. */
    checkingS3: S3Settings
    /** Endpoint of a storage that fails; see failing-store.ts. */
    failingS3: string
  }
}

/** Runs the storages for the tests in workerd, which cannot start one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ending: (() => unknown)[] = []
  const teardown = async () => {
    for (const end of ending.reverse()) await end()
  }
  try {
    const folder = mkdtempSync(join(tmpdir(), 'roadstead-workerd-'))
    ending.push(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    const store = await startStore(folder)
    ending.push(() => store.stop())
    const checking = await startChecksumFront(store.s3)
    ending.push(() => checking.stop())
    const failing = await startFailingStore()
    ending.push(() => failing.stop())
    ending.push(await setupCeph(project))

    project.provide('s3', store.s3)
    project.provide('checkingS3', checking.s3)
    project.provide('failingS3', failing.endpoint)
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown
}
