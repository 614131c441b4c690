import { beforeAll, describe, expect, test } from 'vitest'

import { digestOf, imageOf, outcome, pushBlob, putManifest, startUpload } from '../suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../suites/registry-under-test.ts'

/** What HTTP itself wants of each route, and how a path is read. */

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'] as const
const CONFIG = new TextEncoder().encode('{"config":"of the rules"}')
const IMAGE = imageOf(CONFIG, [])
const BLOB = digestOf(CONFIG)

let registry: MemoryRegistry
let upload: string
beforeAll(async () => {
  registry = createMemoryRegistry()
  await pushBlob(registry, 'rules/app', CONFIG)
  expect((await putManifest(registry, 'rules/app', 'v1', IMAGE)).status).toBe(201)
  upload = await startUpload(registry, 'rules/app')
})

/** Each route with the methods it has, in the order of `Allow`. */
const ROUTES: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ['/v2/', ['GET', 'HEAD']],
  ['/v2', ['GET', 'HEAD']],
  ['/v2/_catalog', ['GET', 'HEAD']],
  ['/v2/rules/app/blobs/uploads/', ['POST']],
  ['/v2/rules/app/blobs/uploads', ['POST']],
  ['/v2/rules/app/blobs/uploads/d5a5d5f1-5b5c-4b0b-9d54-7d2f0c6f2b1f', ['PATCH', 'PUT', 'GET', 'DELETE']],
  [`/v2/rules/app/blobs/${BLOB}`, ['GET', 'HEAD', 'DELETE']],
  ['/v2/rules/app/blobs/no-digest', ['GET', 'HEAD', 'DELETE']],
  ['/v2/rules/app/manifests/v1', ['GET', 'HEAD', 'PUT', 'DELETE']],
  [`/v2/rules/app/manifests/${IMAGE.digest}`, ['GET', 'HEAD', 'PUT', 'DELETE']],
  ['/v2/rules/app/tags/list', ['GET', 'HEAD']],
  [`/v2/rules/app/referrers/${IMAGE.digest}`, ['GET', 'HEAD']],
  // A method is refused before the name is looked at: no answer tells whether there is such a repository.
  ['/v2/NO-NAME/tags/list', ['GET', 'HEAD']],
]

describe.each(ROUTES)('%s', (path, methods) => {
  test.each(METHODS.filter((method) => !methods.includes(method)))(
    '%s: 405, and what would be allowed',
    async (method) => {
      const response = await registry.fetch(path, { method })
      expect(response.headers.get('Allow')).toBe(methods.join(', '))
      expect(await outcome(response)).toBe(method === 'HEAD' ? '405' : '405 UNSUPPORTED')
    },
  )

  test.each(METHODS)('%s: one request id, none of another request', async (method) => {
    const ids = new Set<string>()
    for (let time = 0; time < 2; time++) {
      const response = await registry.fetch(path, { method: method === 'DELETE' ? 'OPTIONS' : method })
      expect(response.headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/)
      ids.add(response.headers.get('X-Request-Id') ?? '')
    }
    expect(ids.size).toBe(2)
    const ray = await registry.fetch(path, { method: 'OPTIONS', headers: { 'CF-Ray': '230b030023ae2822-SJC' } })
    expect(ray.headers.get('X-Request-Id')).toBe('230b030023ae2822-SJC') // the platform's own, where there is one
  })
})

test.each(['a, b', '', ' ', 'é', 'x'.repeat(200), '"', '<a>'])('CF-Ray: %j is no request id', async (ray) => {
  const response = await registry.fetch('/v2/', { headers: { 'CF-Ray': ray } })
  expect(response.headers.get('X-Request-Id')).toMatch(/^[\w-]{1,100}$/)
})

test.each([
  '/',
  '/v1/',
  '/v22/',
  '/v2x',
  '/V2/',
  '/v2/rules',
  '/v2/rules/app',
  '/v2/rules/app/',
  '/v2/rules/app/blobs',
  '/v2/rules/app/blobs/',
  '/v2/rules/app/manifests',
  '/v2/rules/app/manifests/',
  '/v2/rules/app/tags',
  '/v2/rules/app/tags/',
  '/v2/rules/app/tags/v1',
  '/v2/rules/app/referrers/',
  '/v2/rules/app/Manifests/v1',
  '/v2/rules/app/blobs/uploads/a/b',
  '/v2/blobs/uploads/',
  '/v2/manifests/v1',
  '/v2/tags/list',
  '/v2/_catalog/x',
  '/v2/_oci/ext/discover',
  '/healthz/',
  '/healthz/live',
  '/robots.txt',
])('%s is no endpoint, whatever the method', async (path) => {
  for (const method of METHODS) {
    const response = await registry.fetch(path, { method })
    expect(response.headers.get('Allow')).toBeNull()
    expect(await outcome(response), method).toBe(method === 'HEAD' ? '404' : '404 UNSUPPORTED')
  }
})

describe('HEAD says what GET does, without a body', () => {
  test.each([
    '/v2/',
    '/v2/_catalog',
    '/v2/_catalog?n=1',
    '/v2/_catalog?n=x',
    `/v2/rules/app/blobs/${digestOf('absent')}`,
    '/v2/rules/app/blobs/no-digest',
    '/v2/rules/app/manifests/v1',
    `/v2/rules/app/manifests/${IMAGE.digest}`,
    '/v2/rules/app/manifests/absent',
    '/v2/rules/app/manifests/sha256:bad',
    '/v2/rules/app/tags/list',
    '/v2/rules/app/tags/list?n=x',
    '/v2/rules/nowhere/tags/list',
    `/v2/rules/app/referrers/${IMAGE.digest}`,
    '/v2/rules/app/referrers/latest',
    '/v2/NO-NAME/tags/list',
    '/nowhere',
  ])('%s', async (path) => {
    const get = await registry.fetch(path)
    const head = await registry.fetch(path, { method: 'HEAD' })
    expect(head.status).toBe(get.status)
    const names = ['Content-Type', 'Docker-Content-Digest', 'ETag', 'Link', 'OCI-Filters-Applied']
    for (const name of names) expect(head.headers.get(name), name).toBe(get.headers.get(name))
    expect(await head.text()).toBe('')
    expect((await get.text()).length).toBeGreaterThan(0)
  })

  test('a blob: the length that its bytes have, where GET redirects', async () => {
    const head = await registry.fetch(`/v2/rules/app/blobs/${BLOB}`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('Content-Length')).toBe(String(CONFIG.length))
    expect(head.headers.get('Content-Type')).toBe('application/octet-stream') // whatever has another may be compressed
  })
})

describe.each(['GET', 'HEAD'])('%s: the length is exact, and nothing is encoded, whatever is accepted', (method) => {
  test.each([
    [`/v2/rules/app/blobs/${BLOB}`, CONFIG.length],
    ['/v2/rules/app/manifests/v1', IMAGE.text.length],
    [`/v2/rules/app/manifests/${IMAGE.digest}`, IMAGE.text.length],
  ])('%s', async (path, length) => {
    for (const encoding of ['gzip', 'br, gzip, zstd', 'identity;q=0', '*']) {
      const response = await registry.fetch(path, { method, headers: { 'Accept-Encoding': encoding } })
      expect(response.headers.get('Content-Encoding')).toBeNull()
      if (response.status !== 307) expect(response.headers.get('Content-Length')).toBe(String(length))
    }
  })
})

/**
 * One rule for every path: dot segments are resolved first, as the URL standard says, so that a name is checked and
 * authorised as it is then; after that a path is taken as it was sent. No escape is decoded in it, and no slash is
 * left out or added.
 */
describe('a path', () => {
  const name = 'rules/app'
  const escaped = BLOB.replace(':', '%3A')

  test.each([
    // An escape is no letter of a name, a tag or a digest.
    [`GET /v2/rules%2Fapp/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/rules%2fapp/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/rules/%61pp/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/${name}%00/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/${name}%0A/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/${name}%20/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/rules/appé/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/${name}/manifests/v%31`, '404 MANIFEST_UNKNOWN'],
    [`PUT /v2/${name}/manifests/v%31`, '400 TAG_INVALID'],
    [`GET /v2/${name}/manifests/v1%00`, '404 MANIFEST_UNKNOWN'],
    [`GET /v2/${name}/manifests/${IMAGE.digest.replace(':', '%3A')}`, '404 MANIFEST_UNKNOWN'],
    [`PUT /v2/${name}/manifests/${IMAGE.digest.replace(':', '%3A')}`, '400 TAG_INVALID'],
    [`GET /v2/${name}/blobs/${escaped}`, '400 DIGEST_INVALID'],
    [`GET /v2/${name}/referrers/${escaped}`, '400 DIGEST_INVALID'],
    [`GET /v2/${name}/manifests%2Fv1`, '404 UNSUPPORTED'],
    [`GET /v2%2F_catalog`, '404 UNSUPPORTED'],
    [`GET /%76%32/_catalog`, '404 UNSUPPORTED'],
    // Two slashes are not one.
    [`GET //v2/_catalog`, '404 UNSUPPORTED'],
    [`GET /v2//_catalog`, '404 UNSUPPORTED'],
    [`GET /v2//${name}/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/rules//app/manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/${name}//manifests/v1`, '400 NAME_INVALID'],
    [`GET /v2/${name}/manifests//v1`, '404 UNSUPPORTED'],
    [`GET /v2/${name}/tags//list`, '404 UNSUPPORTED'],
    [`POST /v2/${name}/blobs//uploads/`, '404 UNSUPPORTED'],
    // A slash at the end is another path, but for the two that have it in the spec: clients leave it out there.
    [`GET /v2/_catalog/`, '404 UNSUPPORTED'],
    [`GET /v2/${name}/manifests/v1/`, '404 UNSUPPORTED'],
    [`GET /v2/${name}/tags/list/`, '404 UNSUPPORTED'],
    [`GET /v2/${name}/blobs/${BLOB}/`, '404 UNSUPPORTED'],
    [`GET /v2/${name}/referrers/${BLOB}/`, '404 UNSUPPORTED'],
    [`GET /v2//`, '404 UNSUPPORTED'],
    [`POST /v2/${name}/blobs/uploads//`, '404 UNSUPPORTED'],
    [`POST /v2/${name}/blobs/uploads`, '202'],
    // Dots are gone before anything is read.
    [`GET /v2/rules/./app/manifests/v1`, '200'],
    [`GET /v2/other/../${name}/manifests/v1`, '200'],
    [`GET /v2/other/%2e%2E/${name}/manifests/v1`, '200'],
    [`GET /v2/other/.%2e/${name}/manifests/v1`, '200'],
    [`GET /v2/${name}\\manifests\\v1`, '200'],
    [`GET /v2/${name}/manifests/../../../../v2/${name}/manifests/v1`, '200'],
    [`GET /v2/${name}/manifests/..`, '404 UNSUPPORTED'],
    [`GET /v2/${name}/manifests/.`, '404 UNSUPPORTED'],
    [`GET /v2/../../etc/passwd`, '404 UNSUPPORTED'],
    [`GET /v2/..%2F..%2Fetc/manifests/passwd`, '400 NAME_INVALID'],
    [`GET /v2/.../manifests/v1`, '400 NAME_INVALID'],
  ])('%s: %s', async (line, want) => {
    const [method = '', path = ''] = line.split(' ')
    const put = { body: IMAGE.text, headers: { 'Content-Type': IMAGE.mediaType } }
    const response = await registry.fetch(path, { method, ...(method === 'PUT' ? put : {}) })
    expect(await outcome(response)).toBe(want)
  })

  test.each([
    [`POST /v2/rules/query/blobs/uploads/?digest=${escaped}`, '201'],
    [`POST /v2/rules/query/blobs/uploads/?digest=${BLOB}`, '201'],
    [`POST /v2/rules/query/blobs/uploads/?mount=${escaped}&from=rules%2Fapp`, '201'],
    [`POST /v2/rules/query/blobs/uploads/?mount=${BLOB}&from=rules/app`, '201'],
    [`POST /v2/rules/query/blobs/uploads/?digest=${escaped.replace('%', '%25')}`, '400 DIGEST_INVALID'],
  ])('but a query is decoded, once: %s: %s', async (line, want) => {
    const [method = '', path = ''] = line.split(' ')
    expect(await outcome(await registry.fetch(path, { method, body: CONFIG }))).toBe(want)
  })

  test('a Location can be sent back as it is', async () => {
    expect(upload).toMatch(/^\/v2\/rules\/app\/blobs\/uploads\/[\da-f-]{36}\?state=[\w.-]+$/) // nothing to escape in it
    expect((await registry.fetch(upload)).status).toBe(204)
  })
})
