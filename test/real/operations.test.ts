import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { startLocal, type Local } from '../../src/node/local.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { bytesOf, digestOf, outcome } from '../suites/client.ts'

/** What whoever runs a registry asks of it, of the Worker itself in workerd. */
let data: string
let local: Local | null = null

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'roadstead-'))
})
afterEach(async () => {
  await local?.stop()
  local = null
  rmSync(data, { recursive: true })
})

async function start(settings: Record<string, string> = {}): Promise<Local> {
  local = await startLocal({ data, open: true, settings })
  return local
}

test('it says that it is well, and what it has done', async () => {
  const { url } = await start()
  const blob = bytesOf(1000)
  await fetch(`${url}/v2/app/blobs/uploads/?digest=${digestOf(blob)}`, { method: 'POST', body: blob })
  await fetch(`${url}/v2/other/blobs/uploads/?mount=${digestOf(blob)}&from=app`, { method: 'POST' })
  await fetch(`${url}/v2/app/manifests/none`)

  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: 'ok' })
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', storage: 'ok', tags: 'ok' }])
  const metrics = await (await fetch(`${url}/metrics`)).text()
  for (const line of [
    'roadstead_requests_total{route="/v2/<name>/blobs/uploads/",method="POST",status="201"} 2',
    'roadstead_requests_total{route="/readyz",method="GET",status="200"} 1',
    'roadstead_errors_total{code="MANIFEST_UNKNOWN"} 1',
    'roadstead_pushed_bytes_total 1000',
    'roadstead_shared_blobs_total 1',
    'roadstead_shared_bytes_total 1000',
  ])
    expect(metrics.split('\n')).toContain(line)
})

test('without its page of metrics there is none', async () => {
  const { url } = await start({ METRICS_PAGE: 'off' })
  expect(await outcome(await fetch(`${url}/metrics`))).toBe('404 UNSUPPORTED')
})

test('a storage of a newer schema is left alone, in words', async () => {
  const { s3 } = await start()
  const objects = createS3ObjectStore({ ...s3, pathStyle: true, features: new Set(), timeoutMs: 10_000 })
  await objects.put('meta/schema.json', new TextEncoder().encode('{"version":2}'))
  await local?.stop()
  const { url, s3: again } = await start()
  const blob = bytesOf(10)
  const response = await fetch(`${url}/v2/app/blobs/uploads/?digest=${digestOf(blob)}`, { method: 'POST', body: blob })
  expect([response.status, await response.json()]).toEqual([
    503,
    {
      errors: [
        {
          code: 'UNAVAILABLE',
          message: expect.stringMatching(
            /^the storage has schema 2, .* knows up to 1: upgrade it \(request /,
          ) as string,
          detail: { schema: 2, known: 1 },
        },
      ],
    },
  ])
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, await ready.json()]).toMatchObject([503, { storage: 'newer schema' }])
  const store = createS3ObjectStore({ ...again, pathStyle: true, features: new Set(), timeoutMs: 10_000 })
  const { objects: kept } = await store.list('', { limit: 10 })
  expect(kept.map(({ key }) => key)).toEqual(['meta/schema.json'])
})

test('behind something that ends TLS, tokens are had where clients come from', async () => {
  local = await startLocal({ data, settings: { PUBLIC_ORIGIN: 'https://registry.test' } })
  const response = await fetch(`${local.url}/v2/`)
  const realm = 'Bearer realm="https://registry.test/token",service="registry.test"'
  expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([401, realm])
})

test.each([
  ['TAG_READS', 'slow', /the setting TAG_READS is "slow", not fast or fresh\. Its meaning: .*Example: fresh/],
  ['PUBLIC_ORIGIN', 'registry.test', /the setting PUBLIC_ORIGIN is "registry\.test", not an origin/],
  ['ADMIN_TOKEN', 'hunter2', /the setting ADMIN_TOKEN has fewer than 32 characters/],
])('%s=%s does not start, and says why', async (name, value, reason) => {
  await expect(startLocal({ data, settings: { [name]: value } })).rejects.toThrow(reason)
})
