import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startLocal } from '../../src/node/local.ts'
import type { S3Settings } from '../../src/node/store.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'

/** The Worker in workerd, on a storage that runs already; clients are redirected straight to it. */
export async function openRegistryOn(
  s3: S3Settings,
  settings: Readonly<Record<string, string>> = {},
): Promise<RegistryUnderTest & { readonly url: string }> {
  const data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  const local = await startLocal({ data, open: true, s3, settings })
  return {
    url: local.url,
    fetch: (path, init) => fetch(local.url + path, { redirect: 'manual', ...init }),
    download: (location, headers) => fetch(location, { headers: headers ?? {} }),
    async stop() {
      await local.stop()
      await rm(data, { recursive: true })
    },
  }
}
