import { expect, test, vi } from 'vitest'

import { createApp } from '../src/app.ts'
import { RegistryError } from '../src/oci/errors.ts'
import { createKvTagIndex } from '../src/storage/kv/kv-tag-index.ts'
import { createMemoryRegistry } from './suites/registry-under-test.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)

/** The lines of the log, and none of them twice. */
function lines(): Record<string, unknown>[] {
  return log.mock.calls.splice(0).map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
}

const BROKEN_KV = { get: () => Promise.reject(new Error('KV GET failed: 500')) } as unknown as KVNamespace

test('all that goes wrong in one request is logged under the id of its answer, without the query', async () => {
  const registry = createMemoryRegistry({
    wrap: (objects) => ({ ...objects, get: () => Promise.reject(new Error('no storage')) }),
    services: { tagIndex: createKvTagIndex(BROKEN_KV) },
  })
  const responses = await Promise.all(
    ['v1', 'v2'].map((tag) => registry.fetch(`/v2/app/manifests/${tag}?token=secret`)),
  )
  expect(responses.map(({ status }) => status)).toEqual([500, 500])
  const logged = lines()
  expect(logged).toHaveLength(4) // of each: KV, then storage
  for (const [index, response] of responses.entries()) {
    const own = logged.filter(({ requestId }) => requestId === response.headers.get('X-Request-Id'))
    expect(own).toEqual([
      expect.objectContaining({ level: 'error', method: 'GET', path: `/v2/app/manifests/v${index + 1}` }),
      expect.objectContaining({ level: 'error', method: 'GET', path: `/v2/app/manifests/v${index + 1}` }),
    ])
    expect(own.map(({ fault }) => String(fault))).toEqual([
      expect.stringMatching(/Cannot read tag "app:v." from KV[^]*because of Error: KV GET failed/),
      expect.stringContaining('no storage'),
    ])
  }
  expect(JSON.stringify(logged)).not.toContain('secret')
})

test("the edge's own id is taken when it gives one", async () => {
  const registry = createMemoryRegistry()
  const response = await registry.fetch('/v2/', { headers: { 'CF-Ray': '8f2a-FRA' } })
  expect(response.headers.get('X-Request-Id')).toBe('8f2a-FRA')
  expect(lines()).toEqual([])
})

test('a registry that is not set up says so under an id, and why only in the log', async () => {
  const reason = new RegistryError('UNAVAILABLE', { detail: 'not set up', cause: new Error('S3_BUCKET is missing') })
  const response = await createApp().refuse(new Request('http://registry.test/v2/'), reason)
  expect(response.status).toBe(503)
  expect(await response.text()).not.toContain('S3_BUCKET')
  expect(lines()).toEqual([
    expect.objectContaining({
      requestId: response.headers.get('X-Request-Id'),
      fault: expect.stringContaining('S3_BUCKET is missing') as string,
    }),
  ])
})
