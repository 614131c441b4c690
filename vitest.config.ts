import { defineConfig } from 'vitest/config'

/** Slow tests talk to real processes; the others must not. */
const REAL_PROCESS_TIMEOUT_MS = 120_000

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'app', include: ['test/{oci,http,storage,registry,routes}/**/*.test.ts', 'test/*.test.ts'] } },
      {
        test: {
          name: 'local',
          include: ['test/{node,real}/**/*.test.ts'],
          testTimeout: REAL_PROCESS_TIMEOUT_MS,
          hookTimeout: REAL_PROCESS_TIMEOUT_MS,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 10 * REAL_PROCESS_TIMEOUT_MS,
          hookTimeout: 10 * REAL_PROCESS_TIMEOUT_MS,
          fileParallelism: false,
          globalSetup: ['test/e2e/setup.ts'],
        },
      },
    ],
  },
})
