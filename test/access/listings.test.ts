import { beforeAll, describe, expect, test } from 'vitest'

import { basic, createAccountRegistry, type AccountRegistry, type Login } from '../suites/account-registry.ts'
import { bytesOf, digestOf, imageOf, outcome, pushBlob, pushImage, putManifest } from '../suites/client.ts'
import { asLogin } from './support/world.ts'
import { createRecordedStore, type RecordedStore } from './support/recorded-store.ts'

/** What a listing shows to whom: never the name of a repository that the caller may not pull from. */

const REPOSITORIES = [
  'acme/app',
  'acme/app/deep',
  'acme/open',
  'acme/tool',
  'acmes/app', // begins as acme does, and is not of it
  'alice/app',
  'alice/open',
  'bob/app',
  'zoo/app',
  'zoo/open',
] as const
const PUBLIC = ['acme/open', 'alice/open', 'zoo/open']

let store: RecordedStore
let registry: AccountRegistry
let logins: Record<string, Login>
beforeAll(async () => {
  store = createRecordedStore()
  registry = createAccountRegistry({ wrap: () => store.objects })
  for (const name of ['acme', 'acmes', 'zoo']) await registry.addOrganisation(name)
  const [alice, bob, root] = [
    await registry.addUser('alice'),
    await registry.addUser('bob'),
    await registry.addUser('root', { administrator: true }),
  ]
  await registry.addMember('acme', 'alice', 'reader')
  await registry.api(registry.admin, 'PUT', '/namespaces/zoo/members/alice', {
    role: null,
    repositories: { 'zoo/app': 'reader' },
  })
  logins = {
    stranger: null,
    alice,
    'alice, token of acme/app*': (await registry.addToken('alice', ['acme/app*:pull'])).login,
    'alice, token of one repository': (await registry.addToken('alice', ['alice/app:pull'])).login,
    'alice, token without pull': (await registry.addToken('alice', ['*:push,admin'])).login,
    bob,
    'robot of acme': (await registry.addToken('acme', ['*:pull'])).login,
    'robot of acme/tool': (await registry.addToken('acme', ['acme/tool:pull', 'zoo/*:pull'])).login,
    root,
    'root, token of zoo': (await registry.addToken('root', ['zoo/*:pull'])).login,
    admin: registry.admin,
  }
  const admin = asLogin(registry, registry.admin)
  for (const name of REPOSITORIES) await pushImage(admin, name, 'v1')
  for (const name of PUBLIC)
    await registry.api(registry.admin, 'PATCH', `/repositories/${name}`, { visibility: 'public' })
})

const SHOWN: readonly (readonly [who: string, more: readonly string[]])[] = [
  ['stranger', []],
  ['alice', ['acme/app', 'acme/app/deep', 'acme/tool', 'alice/app', 'zoo/app']],
  ['alice, token of acme/app*', ['acme/app', 'acme/app/deep']],
  ['alice, token of one repository', ['alice/app']],
  ['alice, token without pull', []],
  ['bob', ['bob/app']],
  ['robot of acme', ['acme/app', 'acme/app/deep', 'acme/tool']],
  ['robot of acme/tool', ['acme/tool']],
  ['root', REPOSITORIES],
  ['root, token of zoo', ['zoo/app']],
  ['admin', REPOSITORIES],
]

/** Each listing of repositories, as its names and the path of the next page. */
const LISTINGS: readonly (readonly [string, string, (login: Login, path: string) => Promise<Response>])[] = [
  ['the catalog, by token', '/v2/_catalog', (login, path) => registry.as(login, ['registry:catalog:*'], path)],
  ['the catalog, by login', '/v2/_catalog', catalogByLogin],
  ['the API', '/api/v1/repositories', (login, path) => registry.fetch(path, { headers: basic(login) })],
]

function catalogByLogin(login: Login, path: string): Promise<Response> {
  return login === null ? registry.as(null, ['registry:catalog:*'], path) : asLogin(registry, login).fetch(path)
}

async function namesIn(response: Response): Promise<string[]> {
  expect(response.status).toBe(200)
  const body = await response.json<{ repositories?: string[]; items?: { name: string }[] }>()
  return body.repositories ?? (body.items ?? []).map(({ name }) => name)
}

describe.each(LISTINGS)('%s', (_, path, ask) => {
  test.each(SHOWN)('%s sees what they may pull from, and can pull from all of it', async (who, more) => {
    const names = await namesIn(await ask(logins[who] ?? null, path))
    expect(names).toEqual([...new Set([...PUBLIC, ...more])].sort())
    for (const name of REPOSITORIES) {
      const response = await registry.as(logins[who] ?? null, [`repository:${name}:pull`], `/v2/${name}/tags/list`)
      expect(`${name}: ${response.status < 400}`).toBe(`${name}: ${names.includes(name)}`)
    }
  })

  test.each(SHOWN)('%s sees the same by pages of one, and no page names another', async (who, more) => {
    const shown = [...new Set([...PUBLIC, ...more])].sort()
    const found: string[] = []
    let next: string | undefined = `${path}?n=1`
    for (let pages = 0; next !== undefined && pages < 40; pages++) {
      const response: Response = await ask(logins[who] ?? null, next)
      found.push(...(await namesIn(response.clone())))
      const link = response.headers.get('Link') ?? ''
      next = /^<([^>]+)>/.exec(link)?.[1]
      const last = next === undefined ? null : new URLSearchParams(next.split('?')[1]).get('last')
      if (last !== null) expect(shown).toContain(last)
      for (const name of REPOSITORIES.filter((hidden) => !shown.includes(hidden)))
        expect(`${link} ${JSON.stringify([...response.headers])}`).not.toContain(name)
    }
    expect(found).toEqual(shown)
  })

  test.each(SHOWN)('%s may begin inside of names that they do not see', async (who, more) => {
    const shown = [...new Set([...PUBLIC, ...more])].sort()
    for (const last of [
      ...REPOSITORIES,
      'acme',
      'acme/',
      'acme/ap',
      'b',
      'bob/',
      'bob/app/x',
      'zzz',
      '!',
      '~',
      'ü',
      '/',
    ]) {
      const names = await namesIn(await ask(logins[who] ?? null, `${path}?n=3&last=${encodeURIComponent(last)}`))
      // '!' ends a name in the order of the catalog: acme/app comes before acme/app/deep.
      const after = shown.filter((name) => `${name}!` > `${last}!`)
      if (/^[!-}]+$/.test(last)) expect(`${last}: ${names.join()}`).toBe(`${last}: ${after.slice(0, 3).join()}`)
      else for (const name of names) expect(shown).toContain(name)
    }
  })

  test('storage is never asked for all names on behalf of who may not see them', async () => {
    for (const who of ['stranger', 'alice', 'bob', 'robot of acme', 'root, token of zoo']) {
      store.taken()
      await ask(logins[who] ?? null, `${path}?n=2`)
      const listed = store.taken().filter(({ operation }) => operation === 'list')
      expect(listed.length).toBeLessThan(10)
    }
  })
})

test('a token whose login was revoked lists nothing two minutes later', async () => {
  const { login, id } = await registry.addToken('bob', ['*:pull'])
  const headers = { Authorization: `Bearer ${await registry.token(login, 'registry:catalog:*')}` }
  expect(await namesIn(await registry.fetch('/v2/_catalog', { headers }))).toContain('bob/app')
  const revoked = await registry.api(logins['bob'] ?? null, 'DELETE', `/namespaces/bob/tokens/${id}`)
  expect(await outcome(revoked)).toBe('204')
  expect((await registry.fetch('/v2/_catalog', { headers: basic(login) })).status).toBe(401)
  registry.pass(120)
  expect(await outcome(await registry.fetch('/v2/_catalog', { headers }))).toBe('401 UNAUTHORIZED')
})

test('a repository that became private is shown no more, and one that was removed is neither', async () => {
  await pushImage(asLogin(registry, registry.admin), 'zoo/fleeting', 'v1')
  const set = (visibility: string) =>
    registry.api(registry.admin, 'PATCH', '/repositories/zoo/fleeting', { visibility })
  const seen = async () => (await namesIn(await registry.api(null, 'GET', '/repositories'))).includes('zoo/fleeting')
  await set('public')
  expect(await seen()).toBe(true)
  await set('private')
  expect(await seen()).toBe(false)
  await set('public')
  let done = false
  while (!done) {
    const removed = await registry.api(registry.admin, 'DELETE', '/repositories/zoo/fleeting')
    done = (await removed.json<{ done: boolean }>()).done
    expect(await seen()).toBe(false)
  }
  expect((await registry.as(null, ['repository:zoo/fleeting:pull'], '/v2/zoo/fleeting/tags/list')).status).toBe(401)
  // Who makes it again has a private one, as their organisation wants it.
  await pushImage(asLogin(registry, registry.admin), 'zoo/fleeting', 'v1')
  expect(await seen()).toBe(false)
})

test('tags and referrers are those of the repository in the path, and not of another that has the same image', async () => {
  const admin = asLogin(registry, registry.admin)
  const config = bytesOf(50)
  const image = imageOf(config, [])
  for (const name of ['acme/open', 'bob/app']) {
    await pushBlob(admin, name, config)
    await putManifest(admin, name, 'same', image)
  }
  const subject = { mediaType: image.mediaType, digest: image.digest, size: image.text.length }
  const secret = imageOf(config, [], { subject, annotations: { secret: 'of bob' } })
  expect(await outcome(await putManifest(admin, 'bob/app', 'secret', secret))).toBe('201')

  const ask = (path: string) => registry.as(null, ['repository:acme/open:pull'], path)
  const referrers = await ask(`/v2/acme/open/referrers/${image.digest}`)
  expect(await referrers.json()).toMatchObject({ manifests: [] })
  expect(await (await ask('/v2/acme/open/tags/list')).json()).toEqual({ name: 'acme/open', tags: ['same', 'v1'] })
  for (const last of ['secret', 'r', 'same'])
    expect(await (await ask(`/v2/acme/open/tags/list?n=1&last=${last}`)).text()).not.toContain('secret')
  expect((await ask(`/v2/acme/open/manifests/${secret.digest}`)).status).toBe(404)
  expect((await ask(`/v2/acme/open/manifests/secret`)).status).toBe(404)
  expect((await ask(`/v2/acme/open/blobs/${digestOf(secret.text)}`)).status).toBe(404)
})
