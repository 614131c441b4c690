import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createAnalyticsObserver } from '../src/metrics/analytics-engine.ts'
import type { Answered } from '../src/metrics/answered.ts'
import { createCounters } from '../src/metrics/counters.ts'
import { logAnswer } from '../src/metrics/request-log.ts'
import { basic, createAccountRegistry } from './suites/account-registry.ts'
import { bytesOf, closing, digestOf, imageOf, pushBlob, putManifest, startUpload } from './suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry } from './suites/registry-under-test.ts'

const seen: Answered[] = []
let registry: MemoryRegistry

beforeEach(() => {
  seen.length = 0
  registry = createMemoryRegistry({ services: { observers: [(answered) => seen.push(answered)] } })
})

afterEach(() => {
  vi.restoreAllMocks()
})

function latest(): Answered {
  const answered = seen.at(-1)
  if (answered === undefined) throw new Error('nothing was answered')
  return answered
}

/** What the last request was counted as. */
function last(): Record<string, unknown> {
  const { request, tally, status, code } = latest()
  return { ...request, ...tally, status, code }
}

const BLOB = bytesOf(1000)
const DIGEST = digestOf(BLOB)
const NOTHING = { pushedBytes: 0, pulledBytes: 0, sharedBlobs: 0, sharedBytes: 0, code: null }

test('a blob of one body counts as its bytes', async () => {
  await registry.fetch(`/v2/app/blobs/uploads/?digest=${DIGEST}`, { method: 'POST', body: BLOB })
  expect(last()).toMatchObject({ ...NOTHING, route: '/v2/<name>/blobs/uploads/', status: 201, pushedBytes: 1000 })
})

test('one in pieces counts each once', async () => {
  const location = await startUpload(registry, 'app')
  const first = await registry.fetch(location, { method: 'PATCH', body: BLOB.slice(0, 400) })
  expect(last()).toMatchObject({ ...NOTHING, route: '/v2/<name>/blobs/uploads/<session>', pushedBytes: 400 })
  const body = BLOB.slice(400)
  await registry.fetch(closing(first.headers.get('Location') ?? '', DIGEST), { method: 'PUT', body })
  expect(last()).toMatchObject({ ...NOTHING, status: 201, pushedBytes: 600 })
})

test('one that the registry has is shared, by whichever way it is pushed', async () => {
  await pushBlob(registry, 'app', BLOB)
  const shared = { ...NOTHING, status: 201, sharedBlobs: 1, sharedBytes: 1000 }
  await registry.fetch(`/v2/b/blobs/uploads/?mount=${DIGEST}&from=app`, { method: 'POST' })
  expect(last()).toMatchObject(shared)
  await registry.fetch(`/v2/c/blobs/uploads/?mount=${DIGEST}`, { method: 'POST' })
  expect(last()).toMatchObject(shared)
  await registry.fetch(`/v2/d/blobs/uploads/?digest=${DIGEST}`, { method: 'POST', body: BLOB })
  expect(last()).toMatchObject({ ...shared, pushedBytes: 1000 })
  const patched = await registry.fetch(await startUpload(registry, 'e'), { method: 'PATCH', body: BLOB })
  await registry.fetch(closing(patched.headers.get('Location') ?? '', DIGEST), { method: 'PUT' })
  expect(last()).toMatchObject(shared)
})

test('a pull counts what the client is given, and told where to get; a HEAD nothing', async () => {
  await pushBlob(registry, 'app', BLOB)
  const config = new TextEncoder().encode('{}')
  const image = imageOf(config, [BLOB])
  await pushBlob(registry, 'app', config)
  await putManifest(registry, 'app', 'v1', image)
  const answered = latest()
  expect([answered.status, answered.tally.pushedBytes]).toEqual([201, image.text.length])
  await registry.fetch(`/v2/app/blobs/${DIGEST}`)
  expect(last()).toMatchObject({ ...NOTHING, route: '/v2/<name>/blobs/<digest>', status: 307, pulledBytes: 1000 })
  await registry.fetch('/v2/app/manifests/v1')
  expect(last()).toMatchObject({
    ...NOTHING,
    route: '/v2/<name>/manifests/<reference>',
    pulledBytes: image.text.length,
  })
  await registry.fetch('/v2/app/manifests/v1', { method: 'HEAD' })
  expect(last()).toMatchObject({ ...NOTHING, status: 200 })
  await registry.fetch('/v2/app/manifests/v1', { headers: { 'If-None-Match': `"${image.digest}"` } })
  expect(last()).toMatchObject({ ...NOTHING, status: 304 })
})

test.each([
  ['GET', '/v2/app/manifests/v1', '/v2/<name>/manifests/<reference>', 404, 'MANIFEST_UNKNOWN'],
  ['GET', '/v2/app/blobs/sha256:0', '/v2/<name>/blobs/<digest>', 400, 'DIGEST_INVALID'],
  ['PATCH', '/v2/', '/v2/', 405, 'UNSUPPORTED'],
  ['GET', '/nowhere', 'none', 404, 'UNSUPPORTED'],
] as const)('%s %s counts as %s, %d, %s', async (method, path, route, status, code) => {
  await registry.fetch(path, { method })
  expect(last()).toMatchObject({ ...NOTHING, method, path, route, status, code })
})

test('a fault counts as UNKNOWN', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const broken = createMemoryRegistry({
    wrap: (objects) => ({ ...objects, head: () => Promise.reject(new Error('no storage')) }),
    services: { observers: [(answered) => seen.push(answered)] },
  })
  await broken.fetch(`/v2/app/blobs/${DIGEST}`)
  expect(last()).toMatchObject({ status: 500, code: 'UNKNOWN' })
})

test('requests that are answered at once keep their counts apart', async () => {
  const sizes = [10, 200, 3000]
  const pushes = sizes.map((size, index) => pushBlob(registry, `app-${index}`, bytesOf(size)))
  await Promise.all(pushes)
  const pushed = seen.map(({ request, tally }) => [request.path.split('/')[2], tally.pushedBytes])
  for (const [index, size] of sizes.entries()) expect(pushed).toContainEqual([`app-${index}`, size])
})

const ANSWERED: Answered = {
  request: { requestId: '8f2a-FRA', method: 'GET', path: '/v2/app/blobs/sha256:0' },
  tally: { route: '/v2/<name>/blobs/<digest>', pushedBytes: 0, pulledBytes: 5, sharedBlobs: 0, sharedBytes: 0 },
  status: 307,
  code: null,
  milliseconds: 12,
}

test('a line of the log has the id, and of what is counted only what is not 0', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  logAnswer(ANSWERED)
  logAnswer({ ...ANSWERED, status: 404, code: 'BLOB_UNKNOWN', tally: { ...ANSWERED.tally, pulledBytes: 0 } })
  const fields = { level: 'info', ...ANSWERED.request, route: '/v2/<name>/blobs/<digest>', milliseconds: 12 }
  expect(log.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toEqual([
    { ...fields, status: 307, pulledBytes: 5 },
    { ...fields, status: 404, code: 'BLOB_UNKNOWN' },
  ])
})

test('neither log nor metrics hold a login, a token, an upload token or a presigned URL', async () => {
  const lines: unknown[] = []
  for (const method of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line) => lines.push(line))
  const points: unknown[] = []
  const counters = createCounters('1.2.3')
  const accounts = createAccountRegistry({
    observers: [
      logAnswer,
      createAnalyticsObserver({ writeDataPoint: (point) => points.push(point) }),
      counters.observe,
    ],
  })
  const ana = await accounts.addUser('ana')
  const scope = 'repository:ana/app:pull,push'
  const started = await accounts.as(ana, [scope], '/v2/ana/app/blobs/uploads/', { method: 'POST' })
  const location = started.headers.get('Location') ?? ''
  await accounts.as(ana, [scope], closing(location, DIGEST), { method: 'PUT', body: BLOB })
  const pulled = await accounts.as(ana, [scope], `/v2/ana/app/blobs/${DIGEST}`)
  expect(pulled.status).toBe(307)
  await accounts.fetch('/token?service=registry.test', { headers: basic(['ana', 'a-wrong-password']) })
  await accounts.fetch('/token', { method: 'POST', body: `grant_type=password&username=ana&password=${ana[1]}` })

  const written = JSON.stringify([lines, points, counters.text()])
  expect(lines.length).toBeGreaterThan(5)
  const token = await accounts.token(ana, scope)
  const state = new URL(location, 'http://registry.test').searchParams.get('state') ?? 'none'
  const url = new URL(pulled.headers.get('Location') ?? '')
  for (const secret of [ana[1], 'a-wrong-password', btoa(ana.join(':')), token, state, url.search, url.href])
    expect(written).not.toContain(secret)
})

test('a data point has the columns that docs/observability.md tells', () => {
  const points: unknown[] = []
  createAnalyticsObserver({ writeDataPoint: (point) => points.push(point) })(ANSWERED)
  expect(points).toEqual([
    {
      indexes: ['/v2/<name>/blobs/<digest>'],
      blobs: ['/v2/<name>/blobs/<digest>', 'GET', '307', ''],
      doubles: [12, 0, 5, 0, 0],
    },
  ])
})

test('what clients make up does not make more rows', () => {
  const counters = createCounters('1.2.3')
  for (let i = 0; i < 100; i++)
    counters.observe({ ...ANSWERED, request: { ...ANSWERED.request, method: `M${i}`, path: `/v2/app-${i}/` } })
  const rows = counters
    .text()
    .split('\n')
    .filter((line) => line.startsWith('roadstead_requests_total'))
  expect(rows).toEqual(['roadstead_requests_total{route="/v2/<name>/blobs/<digest>",method="other",status="307"} 100'])
  expect(counters.text()).toContain('roadstead_pulled_bytes_total 500\n')
})
