import { resolve } from 'node:path'

import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

import { compatibilityDate } from './src/node/build.ts'

/** Slow tests talk to real processes; the others must not. */
const REAL_PROCESS_TIMEOUT_MS = 120_000

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'app',
          include: [
            'test/{oci,http,auth,accounts,access,storage,registry,routes,maintenance,concurrency,faults,fuzz}/**/*.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: compatibilityDate(), kvNamespaces: ['TAGS'] } })],
        resolve: {
          // As in wrangler.toml: the SDK's browser build parses XML with DOMParser, which workerd does not have.
          alias: { '@aws-sdk/xml-builder': resolve('node_modules/@aws-sdk/xml-builder/dist-cjs/index.js') },
        },
        test: {
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          globalSetup: ['test/workerd/setup.ts'],
          testTimeout: REAL_PROCESS_TIMEOUT_MS,
          hookTimeout: REAL_PROCESS_TIMEOUT_MS,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'local',
          include: ['test/{node,real,cli,conformance,docs,infra,package,workflows}/**/*.test.ts'],
          testTimeout: REAL_PROCESS_TIMEOUT_MS,
          hookTimeout: REAL_PROCESS_TIMEOUT_MS,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'ceph',
          include: ['test/{ceph,storage-fronts}/**/*.test.ts'],
          globalSetup: ['test/ceph/setup.ts'],
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
      {
        test: {
          name: 'e2e-ceph',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/setup-ceph.ts'],
          testTimeout: 10 * REAL_PROCESS_TIMEOUT_MS,
          hookTimeout: 10 * REAL_PROCESS_TIMEOUT_MS,
          fileParallelism: false,
        },
      },
    ],
  },
})
