import { beforeAll, describe, expect, test } from 'vitest'

import { basic } from '../suites/account-registry.ts'
import { locationOf, outcome } from '../suites/client.ts'
import { asLogin, createWorld, EMPTY_INDEX, type World } from './support/world.ts'

/** Nothing that a client writes into a URL becomes a header of the answer, or a parameter of a challenge. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})

const ODD = [
  'x%0d%0aX-Evil:%201',
  'x%0aX-Evil:%201',
  'x%22,error=%22none',
  'x",scope="repository:acme/private:pull',
  'x%00',
  'x%5c%22',
  'x y',
  'ü',
  'x%E2%80%A8',
  'X',
  "x'",
  'x<script>',
  '%',
  '%zz',
]

/** A header is what the registry says; the rest of the answer may show what was asked. */
function expectSafe(response: Response): void {
  expect(response.headers.get('X-Evil')).toBeNull()
  for (const [, value] of response.headers) expect(value).not.toMatch(/[^ -~]|evil|script|none/i)
  expect(response.headers.get('WWW-Authenticate') ?? '').toMatch(
    /^(Bearer realm="http:\/\/registry\.test\/token",service="registry\.test"(,scope="[a-z0-9:/,*._-]+")?(,error="[a-z_]+")?|Basic realm="roadstead", charset="UTF-8")?$/,
  )
  expect(response.status).toBeLessThan(500)
}

describe.each(ODD)('%s', (odd) => {
  test.each([
    ['GET', `/v2/${odd}/tags/list`],
    ['GET', `/v2/acme/${odd}/tags/list`],
    ['GET', `/v2/acme/private/manifests/${odd}`],
    ['PUT', `/v2/acme/private/manifests/${odd}`],
    ['GET', `/v2/acme/private/blobs/${odd}`],
    ['POST', `/v2/acme/private/blobs/uploads/?mount=${odd}&from=${odd}`],
    ['POST', `/v2/acme/private/blobs/uploads/?mount=${EMPTY_INDEX.digest}&from=${odd}`],
    ['POST', `/v2/acme/private/blobs/uploads/?digest=${odd}`],
    ['PATCH', `/v2/acme/private/blobs/uploads/${odd}?state=${odd}`],
    ['GET', `/v2/acme/private/referrers/${odd}?artifactType=${odd}`],
    ['GET', `/v2/acme/private/referrers/${EMPTY_INDEX.digest}?artifactType=${odd}&last=${odd}`],
    ['GET', `/v2/acme/private/tags/list?n=1&last=${odd}`],
    ['GET', `/v2/_catalog?n=1&last=${odd}&${odd}=${odd}`],
    ['GET', `/token?service=${odd}&scope=repository:${odd}:pull&account=${odd}`],
    ['GET', `/api/v1/namespaces/${odd}`],
    ['PUT', `/api/v1/namespaces/acme/members/${odd}`],
    ['GET', `/api/v1/repositories/acme/${odd}`],
    ['GET', `/api/v1/repositories?n=1&last=${odd}&x=${odd}`],
    ['GET', `/api/v1/repositories/acme/private/_tags/${odd}/_history`],
    ['GET', `/${odd}`],
  ])('%s %s', async (method, path) => {
    const { registry, logins } = world
    const body = method === 'PUT' ? { body: '{}', headers: { 'Content-Type': EMPTY_INDEX.mediaType } } : {}
    for (const login of [logins.stranger, logins['other user'], logins.operator])
      expectSafe(await asLogin(registry, login).fetch(path, { method, ...body }))
  })
})

test('a name that a challenge would show is one that the grammar lets through', async () => {
  const { registry } = world
  const response = await registry.fetch('/v2/acme/a.b_c__d--e/f/tags/list')
  expect(response.headers.get('WWW-Authenticate')).toBe(
    'Bearer realm="http://registry.test/token",service="registry.test",scope="repository:acme/a.b_c__d--e/f:pull"',
  )
})

test('a Link leads to the same path, with what was asked encoded', async () => {
  const { registry, logins } = world
  const owner = asLogin(registry, logins.owner)
  for (const tag of ['v2', 'v3'])
    await owner.fetch(`/v2/acme/private/manifests/${tag}`, {
      method: 'PUT',
      body: EMPTY_INDEX.text,
      headers: { 'Content-Type': EMPTY_INDEX.mediaType },
    })
  const odd = encodeURIComponent('"\r\n>; rel="evil", <https://elsewhere.test/')
  const page = await owner.fetch(`/v2/acme/private/tags/list?n=1&x=${odd}`)
  const [link = '', ...more] = (page.headers.get('Link') ?? '').split(/(?<=rel="next")/)
  expect(more).toEqual([])
  expect(link).toMatch(/^<\/v2\/acme\/private\/tags\/list\?[\w%+=&.~*-]+>; rel="next"$/)
})

test('an upload’s Location is of our own making', async () => {
  const { registry, logins } = world
  const path = '/v2/acme/private/blobs/uploads/?mount=sha256:' + '0'.repeat(64) + '&from=acme/x&evil=%0d%0aX-Evil:1'
  const started = await asLogin(registry, logins.owner).fetch(path, { method: 'POST' })
  expect(started.status).toBe(202)
  expect(locationOf(started)).toMatch(/^\/v2\/acme\/private\/blobs\/uploads\/[0-9a-f-]{36}\?state=[\w.-]+$/)
})

test.each([
  ['evil.test', 'Bearer realm="http://evil.test/token",service="evil.test"'],
  ['localhost:8080', 'Bearer realm="http://localhost:8080/token",service="localhost:8080"'],
])(
  'the challenge names the host %s by which the client came, and a token is for that one alone',
  async (host, want) => {
    const { registry, logins } = world
    const { services } = registry
    const { createApp } = await import('../../src/app.ts')
    const at = (name: string, path: string, headers: Record<string, string> = {}) =>
      createApp().fetch(new Request(`http://${name}${path}`, { headers }), services, () => undefined)
    expect((await at(host, '/v2/')).headers.get('WWW-Authenticate')).toBe(want)
    const { token } = await (await at(host, '/token', basic(logins.owner))).json<{ token: string }>()
    const headers = { Authorization: `Bearer ${token}` }
    expect((await at(host, '/v2/', headers)).status).toBe(200)
    expect(await outcome(await at('registry.test', '/v2/', headers))).toBe('401 UNAUTHORIZED')
  },
)

test.each(['forwarded', 'x-forwarded-host', 'x-original-url', 'x-rewrite-url', 'x-http-method-override'])(
  'the header %s changes nothing',
  async (name) => {
    const { registry } = world
    const value =
      { forwarded: 'host=evil.test', 'x-http-method-override': 'DELETE' }[name] ?? '/v2/acme/public/tags/list'
    const response = await registry.fetch('/v2/acme/private/tags/list', { headers: { [name]: value } })
    expect(response.headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="http://registry.test/token",service="registry.test",scope="repository:acme/private:pull"',
    )
  },
)

test('a request id of the client is not taken over unless it looks like the platform’s', async () => {
  const { registry } = world
  for (const ray of ['a b', '"x"', 'x'.repeat(101), 'ü'])
    expect((await registry.fetch('/v2/', { headers: { 'CF-Ray': ray } })).headers.get('X-Request-Id')).not.toBe(ray)
})

test('names of users, organisations, tokens and robots with control characters are refused', async () => {
  const { registry, admin } = { registry: world.registry, admin: world.registry.admin }
  for (const name of [
    'a\r\nb',
    'a"b',
    'a b',
    'A',
    'ü',
    '..',
    'a/b',
    '',
    'a'.repeat(65),
    'api',
    'v2',
    'token',
    'admin',
    'oidc',
    '_x',
  ])
    expect([400, 409]).toContain((await registry.api(admin, 'POST', '/users', { name })).status)
  const scopes = [{ repositories: 'acme/*', actions: ['pull'] }]
  for (const name of ['a\r\nb', 'a\0', 'a\u202eb', '', 'x'.repeat(101)])
    expect((await registry.api(admin, 'POST', '/namespaces/acme/tokens', { name, scopes })).status).toBe(400)
})

// A line separator is no control character to Unicode, yet makes two lines of one (src/routes/api/schemas.ts, `oneLine`).
test.each(['a\u2028b', 'a\u2029b'])('the name %j of a token is refused', async (name) => {
  const scopes = [{ repositories: 'acme/*', actions: ['pull'] }]
  const response = await world.registry.api(world.registry.admin, 'POST', '/namespaces/acme/tokens', { name, scopes })
  expect(response.status).toBe(400)
})
