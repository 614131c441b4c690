import { beforeEach, describe, expect, test } from 'vitest'

import { blobHolderKey } from '../../src/storage/keys.ts'
import type { Digest } from '../../src/oci/digest.ts'
import type { RepositoryName } from '../../src/oci/repository.ts'
import type { Login } from '../suites/account-registry.ts'
import { bytesOf, closing, digestOf, locationOf, outcome, pushBlob } from '../suites/client.ts'
import { decodeJson, encodeJson } from './support/base64-json.ts'
import { createWorld, asLogin, type World } from './support/world.ts'

/** Uploads and mounts: ways to bytes of somebody else's. */

let world: World
/** A blob that acme/private alone holds. */
let digest: string
const BYTES = bytesOf(100)
beforeEach(async () => {
  world = await createWorld()
  digest = await pushBlob(asLogin(world.registry, world.logins.owner), 'acme/private', BYTES)
})

function holds(repository: string): boolean {
  return world.store.bucket.has(blobHolderKey(digest as Digest, repository as RepositoryName))
}

/** With a short token for the scopes that the client asks for; or by the login itself. */
const WAYS = ['token', 'login'] as const
type Way = (typeof WAYS)[number]

async function ask(
  login: Login,
  way: Way,
  method: string,
  path: string,
  ...more: readonly string[]
): Promise<Response> {
  const [, repository = ''] = /^\/v2\/(.+?)\/(blobs|manifests)\//.exec(path) ?? []
  const { registry } = world
  if (way === 'login') return asLogin(registry, login).fetch(path, { method })
  return registry.as(login, [`repository:${repository}:pull,push`, ...more], path, { method })
}

describe.each(WAYS)('by %s', (way) => {
  /** The source is given, or not; with its scope asked for, as docker does, or not. */
  const MOUNTS = (own: string): [string, string, string, string[]][] => [
    ['a mount from it', 'POST', `/v2/${own}/blobs/uploads/?mount=${digest}&from=acme/private`, []],
    [
      'a mount from it, with its scope',
      'POST',
      `/v2/${own}/blobs/uploads/?mount=${digest}&from=acme/private`,
      ['repository:acme/private:pull'],
    ],
    ['a mount from anywhere', 'POST', `/v2/${own}/blobs/uploads/?mount=${digest}`, []],
    ['a mount from an empty name', 'POST', `/v2/${own}/blobs/uploads/?mount=${digest}&from=acme/public`, []],
  ]

  test('who may not read a private blob cannot mount it, and is not told that it is there', async () => {
    const { registry, logins } = world
    const unknown = digestOf(bytesOf(10))
    const other = logins['other user']
    for (const [name, method, path, scopes] of MOUNTS('other/app')) {
      const response = await ask(other, way, method, path, ...scopes)
      const twin = await ask(other, way, method, path.replace(digest, unknown), ...scopes)
      expect(`${name}: ${response.status}`).toBe(`${name}: 202`)
      expect(twin.status).toBe(202)
      expect([...response.headers.keys()]).toEqual([...twin.headers.keys()])
    }
    const head = await ask(other, way, 'HEAD', `/v2/other/app/blobs/${digest}`)
    expect(head.status).toBe(404)
    const get = await ask(other, way, 'GET', `/v2/other/app/blobs/${digest}`)
    expect(await outcome(get)).toBe('404 BLOB_UNKNOWN')
    expect(holds('other/app')).toBe(false)
    // Nor does a manifest that names it give it away.
    const text = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 100 },
      layers: [],
    })
    const headers = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
    const put = { method: 'PUT', body: text, headers }
    const pushed = await registry.as(other, ['repository:other/app:pull,push'], '/v2/other/app/manifests/v1', put)
    expect(await outcome(pushed)).toBe('400 MANIFEST_BLOB_UNKNOWN')
    expect((await ask(other, way, 'HEAD', `/v2/other/app/blobs/${digest}`)).status).toBe(404)
  })

  test.each(['reader', 'writer', 'owner'] as const)(
    'a %s of its organisation can, into a repository of their own',
    async (role) => {
      const login = world.logins[role]
      for (const [name, method, path, scopes] of MOUNTS(`${role}/app`).slice(0, 3)) {
        world.store.bucket.delete(blobHolderKey(digest as Digest, `${role}/app` as RepositoryName))
        expect(`${name}: ${(await ask(login, way, method, path, ...scopes)).status}`).toBe(`${name}: 201`)
        expect(holds(`${role}/app`)).toBe(true)
      }
    },
  )

  test('a token for the own repository alone does not reach what its owner may read', async () => {
    const { registry } = world
    const { login } = await registry.addToken('reader', ['reader/*:pull,push'])
    for (const [name, method, path, scopes] of MOUNTS('reader/app'))
      expect(`${name}: ${(await ask(login, way, method, path, ...scopes)).status}`).toBe(`${name}: 202`)
    expect((await ask(login, way, 'HEAD', `/v2/reader/app/blobs/${digest}`)).status).toBe(404)
    expect(holds('reader/app')).toBe(false)
  })

  test('a robot of one organisation does not reach another one’s', async () => {
    const { registry } = world
    await registry.addOrganisation('rivals')
    const { login } = await registry.addToken('rivals', ['*:pull,push,delete'])
    for (const [name, method, path, scopes] of MOUNTS('rivals/app'))
      expect(`${name}: ${(await ask(login, way, method, path, ...scopes)).status}`).toBe(`${name}: 202`)
    expect(holds('rivals/app')).toBe(false)
  })

  test('who no longer belongs to it cannot, with a token from before', async () => {
    const { registry, logins } = world
    const scopes = ['repository:reader/app:pull,push']
    const token = await registry.token(logins.reader, ...scopes)
    await registry.api(logins.owner, 'DELETE', '/namespaces/acme/members/reader')
    const headers = { Authorization: `Bearer ${token}` }
    const path = `/v2/reader/app/blobs/uploads/?mount=${digest}&from=acme/private`
    expect((await registry.fetch(path, { method: 'POST', headers })).status).toBe(202)
    expect(holds('reader/app')).toBe(false)
  })

  test('once one may pull it somewhere, its digest is enough', async () => {
    const { registry, logins } = world
    await pushBlob(asLogin(registry, logins.owner), 'acme/public', BYTES)
    const other = logins['other user']
    expect((await ask(other, way, 'POST', `/v2/other/app/blobs/uploads/?mount=${digest}`)).status).toBe(201)
    expect(holds('other/app')).toBe(true)
    expect((await ask(other, way, 'GET', `/v2/acme/private/blobs/${digest}`)).status).toBe(403)
  })
})

test('a HEAD with push gets the blob that its caller may read elsewhere, and nobody else does', async () => {
  const { registry, logins } = world
  const path = (name: string) => `/v2/${name}/app/blobs/${digest}`
  const scopes = (name: string) => [`repository:${name}/app:pull,push`]
  expect((await registry.as(logins['other user'], scopes('other'), path('other'), { method: 'HEAD' })).status).toBe(404)
  expect((await registry.as(logins.reader, scopes('reader'), path('reader'), { method: 'HEAD' })).status).toBe(200)
  expect([holds('other/app'), holds('reader/app')]).toEqual([false, true])
})

test('a HEAD without push copies nothing', async () => {
  const { registry, logins } = world
  const init = { method: 'HEAD' }
  const path = `/v2/reader/app/blobs/${digest}`
  expect((await registry.as(logins.reader, ['repository:reader/app:pull'], path, init)).status).toBe(404)
  expect(holds('reader/app')).toBe(false)
})

describe('an upload session', () => {
  async function start(login: Login, repository: string): Promise<string> {
    const init = { method: 'POST' }
    const response = await asLogin(world.registry, login).fetch(`/v2/${repository}/blobs/uploads/`, init)
    expect(response.status).toBe(202)
    return locationOf(response)
  }

  test.each(['PATCH', 'PUT', 'GET', 'DELETE'])(
    '%s of another repository’s: unknown, and nothing is touched',
    async (method) => {
      const { registry, store, logins } = world
      const location = await start(logins.owner, 'acme/private')
      const stolen = closing(location.replace('acme/private', 'other/app'), digestOf('x'))
      // That the token was used is noted, whatever it was for.
      const touched = () => [...store.bucket.keys()].filter((key) => !key.startsWith('accounts/token-uses/'))
      const keys = touched()
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: 'x' }
      const response = await asLogin(registry, logins['other user']).fetch(stolen, { method, ...body })
      expect(await outcome(response)).toBe('404 BLOB_UPLOAD_UNKNOWN')
      expect(touched()).toEqual(keys)
    },
  )

  test.each(['PATCH', 'PUT', 'GET', 'DELETE'])(
    '%s by somebody who may not push there: denied, whoever began it',
    async (method) => {
      const { registry, logins } = world
      const location = closing(await start(logins.owner, 'acme/private'), digestOf('x'))
      for (const login of [logins['other user'], logins.reader])
        expect(await outcome(await asLogin(registry, login).fetch(location, { method }))).toBe('403 DENIED')
      expect(await outcome(await registry.fetch(location, { method }))).toBe('401 UNAUTHORIZED')
    },
  )

  test('two sessions are not mixed up by their ids', async () => {
    const { registry, logins } = world
    const [one, two] = [await start(logins.owner, 'acme/private'), await start(logins.owner, 'acme/private')]
    const [path = ''] = one.split('?')
    const [, query = ''] = two.split('?')
    const response = await asLogin(registry, logins.owner).fetch(`${path}?${query}`, { method: 'PATCH', body: 'x' })
    expect(await outcome(response)).toBe('404 BLOB_UPLOAD_UNKNOWN')
  })

  test('a state that is forged or from another secret is unknown', async () => {
    const { registry, logins } = world
    const location = await start(logins.owner, 'acme/private')
    const [path = '', state = ''] = location.split('?state=')
    const [payload = '', signature = ''] = state.split('.')
    const claims = decodeJson(payload) as unknown[]
    const forged = encodeJson(claims.with(3, 'accounts/namespaces/acme'))
    for (const bad of [
      '',
      'x',
      '.',
      payload,
      `${payload}.`,
      `${forged}.${signature}`,
      `${payload}.${payload}`,
      `${state}.x`,
    ]) {
      const response = await asLogin(registry, logins.owner).fetch(`${path}?state=${bad}`, { method: 'GET' })
      expect(await outcome(response)).toBe('404 BLOB_UPLOAD_UNKNOWN')
    }
  })
})
