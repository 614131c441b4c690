import { afterEach, expect, test, vi } from 'vitest'

import manifest from '../../package.json' with { type: 'json' }
import { createCounters } from '../../src/metrics/counters.ts'
import { createReadiness, type Probes } from '../../src/registry/readiness.ts'
import { NewerSchema } from '../../src/storage/schema-version.ts'
import { outcome } from '../suites/client.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)

afterEach(() => {
  vi.useRealTimers()
  log.mockClear()
})

test('/healthz tells the release, and asks nothing', async () => {
  const nothing = new Proxy({}, { get: () => () => Promise.reject(new Error('asked')) })
  const registry = createMemoryRegistry({ wrap: () => nothing as never })
  const response = await registry.fetch('/healthz')
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  expect(await response.json()).toEqual({ status: 'ok', version: manifest.version })
})

function registryWith(probes: Probes, now = () => new Date()) {
  return createMemoryRegistry({ services: { readiness: createReadiness(probes, now) } })
}

const works = () => Promise.resolve(null)
const isNewer = () => Promise.reject(new NewerSchema(2))
const fails = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7'))

test.each([
  ['all is there', { storage: works, tags: works }, 200, { status: 'ok', storage: 'ok', tags: 'ok' }],
  [
    'storage is not',
    { storage: fails, tags: works },
    503,
    { status: 'unavailable', storage: 'unreachable', tags: 'ok' },
  ],
  [
    'storage has a newer schema',
    { storage: isNewer, tags: works },
    503,
    { status: 'unavailable', storage: 'newer schema', tags: 'ok' },
  ],
  ['KV is not', { storage: works, tags: fails }, 503, { status: 'unavailable', storage: 'ok', tags: 'unreachable' }],
] as const)('/readyz when %s', async (_, probes, status, body) => {
  const registry = registryWith(probes)
  const response = await registry.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([status, body])
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  expect(log.mock.calls.length).toBe(status === 200 ? 0 : 1)
  const head = await registry.fetch('/readyz', { method: 'HEAD' })
  expect([head.status, head.body]).toEqual([status, null])
})

test('/readyz waits two seconds for what does not answer, and no longer', async () => {
  vi.useFakeTimers()
  const registry = registryWith({ storage: () => new Promise(() => undefined), tags: works })
  const answer = registry.fetch('/readyz')
  await vi.advanceTimersByTimeAsync(2000)
  expect(await (await answer).json()).toEqual({ status: 'unavailable', storage: 'unreachable', tags: 'ok' })
})

test('/readyz asks anew after ten seconds, and not before', async () => {
  let time = 0
  const storage = vi.fn(works)
  const registry = registryWith({ storage }, () => new Date(time))
  const asked = async () => {
    await registry.fetch('/readyz')
    return storage.mock.calls.length
  }
  expect([await asked(), await asked()]).toEqual([1, 1])
  time = 9_999
  expect(await asked()).toBe(1)
  time = 10_000
  storage.mockImplementation(fails)
  expect(await asked()).toBe(2)
  expect((await registry.fetch('/readyz')).status).toBe(503)
})

test('/readyz is asked by one request at a time, once it has an answer', async () => {
  let time = 0
  const hanging = Promise.withResolvers<null>()
  const storage = vi.fn(works)
  const registry = registryWith({ storage }, () => new Date(time))
  await registry.fetch('/readyz')
  time = 20_000
  storage.mockImplementation(() => hanging.promise)
  const first = registry.fetch('/readyz')
  const others = await Promise.all([1, 2, 3].map(() => registry.fetch('/readyz')))
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200])
  hanging.resolve(null)
  expect((await first).status).toBe(200)
  expect(storage).toHaveBeenCalledTimes(2)
})

test('/metrics is not there unless it was asked for', async () => {
  expect(await outcome(await createMemoryRegistry().fetch('/metrics'))).toBe('404 UNSUPPORTED')
})

test('/metrics is in the text format of Prometheus', async () => {
  const counters = createCounters('1.2.3')
  const registry = createMemoryRegistry({ services: { observers: [counters.observe], metricsPage: counters.text } })
  await registry.fetch('/v2/')
  const response = await registry.fetch('/metrics')
  expect(response.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  expect(text).toContain('roadstead_build_info{version="1.2.3"} 1\n')
  expect(text).toContain('roadstead_requests_total{route="/v2/",method="GET",status="200"} 1\n')
  for (const line of text.split('\n').slice(0, -1))
    expect(line).toMatch(/^(# (HELP \w+ .+|TYPE \w+ (counter|gauge))|\w+(\{(\w+="[^"\\]*",?)+\})? [\d.e-]+)$/)
})
