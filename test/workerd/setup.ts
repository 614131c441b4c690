import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { TestProject } from 'vitest/node'

import { startStore, type S3Settings } from '../../src/node/store.ts'
import { startFailingStore } from './failing-store.ts'

declare module 'vitest' {
  interface ProvidedContext {
    s3: S3Settings
    /** Endpoint of a storage that fails; see failing-store.ts. */
    failingS3: string
  }
}

/** Runs the storages for the tests in workerd, which cannot start one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'roadstead-workerd-'))
  const store = await startStore(folder)
  const failing = await startFailingStore()
  project.provide('s3', store.s3)
  project.provide('failingS3', failing.endpoint)
  return async () => {
    await failing.stop()
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
