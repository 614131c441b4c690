import { beforeEach, describe, expect, test, vi } from 'vitest'

import type { Login } from '../suites/account-registry.ts'
import { outcome, pushImage } from '../suites/client.ts'
import { asLogin, createWorld, ISSUER, type World } from './support/world.ts'

/** Ways in which somebody might get more than they were given. */

let world: World
beforeEach(async () => {
  vi.spyOn(console, 'warn').mockReturnValue() // of a job that is trusted no more
  world = await createWorld()
})

const DENIED = '403 DENIED'
const ALL = ['pull', 'push', 'delete', 'admin']

/** Answers the outcome, and checks that a refused request has changed nothing. */
async function api(login: Login, method: string, path: string, body?: unknown): Promise<string> {
  const before = new Map(world.store.bucket)
  const response = await world.registry.api(login, method, path, body)
  if (!response.ok) expect([...world.store.bucket]).toEqual([...before])
  return outcome(response)
}

function newToken(...scopes: (readonly [repositories: string, actions: readonly string[]])[]) {
  return { name: 'new', scopes: scopes.map(([repositories, actions]) => ({ repositories, actions })) }
}

describe('a token makes none that is stronger', () => {
  test.each<[string[], ReturnType<typeof newToken>, string]>([
    [['owner/*:pull,admin'], newToken(['owner/*', ['pull']]), '201'],
    [['owner/*:pull,admin'], newToken(['owner/app', ['pull', 'admin']]), '201'],
    [['owner/*:pull,admin'], newToken(['owner/*', ['push']]), DENIED],
    [['owner/*:pull,admin'], newToken(['*', ['pull']]), DENIED],
    [['owner/*:pull,admin'], newToken(['owner*', ['pull']]), DENIED],
    [['owner/*:pull,admin'], newToken(['owner', ['pull']]), DENIED],
    [['owner/*:pull,admin'], newToken(['acme/*', ['pull']]), DENIED],
    [['owner/*:pull,admin'], newToken(['owner/*', ['pull']], ['owner/x', ['delete']]), DENIED],
    [['owner/*:admin', 'acme/*:pull,push'], newToken(['acme/*', ['pull', 'push']]), '201'],
    [['owner/*:admin', 'acme/*:pull,push'], newToken(['acme/*', ALL]), DENIED],
    [['owner/a*:pull,push,delete,admin'], newToken(['owner/a*', ['pull']]), DENIED], // not for all of the namespace
    [['owner/*:pull,push,delete'], newToken(['owner/*', ['pull']]), DENIED],
  ])('%j: %j: %s', async (scopes, wanted, want) => {
    const { login } = await world.registry.addToken('owner', scopes)
    expect(await api(login, 'POST', '/namespaces/owner/tokens', wanted)).toBe(want)
  })

  test('a robot with admin makes robots within its own scopes, and no other', async () => {
    const { login } = await world.registry.addToken('acme', ['acme/*:pull,admin'])
    expect(await api(login, 'POST', '/namespaces/acme/tokens', newToken(['acme/*', ['pull']]))).toBe('201')
    expect(await api(login, 'POST', '/namespaces/acme/tokens', newToken(['acme/*', ['push']]))).toBe(DENIED)
    expect(await api(login, 'POST', '/namespaces/acme/tokens', newToken(['*', ['pull']]))).toBe(DENIED)
  })

  // A rule is a token by another name: whoever may not push must not let a job push.
  test('nor a trust rule that is stronger', async () => {
    const { login } = await world.registry.addToken('acme', ['acme/*:pull,admin'])
    const rule = { issuer: ISSUER, claims: { sub: 'mine' }, repositories: ['acme/*'], actions: ['push', 'delete'] }
    expect(await api(login, 'POST', '/namespaces/acme/trust-rules', rule)).toBe(DENIED)
  })

  test('a short token is no login for the API', async () => {
    const { registry, logins } = world
    const token = await registry.token(logins.owner, 'repository:acme/private:pull,push,delete')
    const headers = { Authorization: `Bearer ${token}` }
    expect((await registry.fetch('/api/v1/namespaces/owner/tokens', { headers })).status).toBe(401)
  })

  test('a refusal does not depend on what the new token would have been called', async () => {
    const { registry } = world
    const { login } = await registry.addToken('owner', ['owner/*:pull,push'])
    const bodies = [newToken(['owner/*', ['pull']]), {}, 'no object', { name: '\n', scopes: [] }]
    for (const body of bodies) expect(await api(login, 'POST', '/namespaces/owner/tokens', body)).toBe(DENIED)
  })
})

describe('organisations', () => {
  test('a robot of one does not administer another one, nor a user', async () => {
    const { registry } = world
    await registry.addOrganisation('rivals')
    const { login } = await registry.addToken('rivals', ['*:pull,push,delete,admin'])
    expect(await api(login, 'GET', '/namespaces/rivals')).toBe('200')
    for (const namespace of ['acme', 'owner', 'admin', 'nowhere', 'rival', 'rivalss']) {
      expect(await api(login, 'GET', `/namespaces/${namespace}/members`)).toBe(DENIED)
      expect(await api(login, 'PUT', `/namespaces/${namespace}/members/other`, { role: 'owner' })).toBe(DENIED)
      expect(await api(login, 'POST', `/namespaces/${namespace}/tokens`, newToken(['*', ALL]))).toBe(DENIED)
      expect(await api(login, 'PATCH', `/repositories/${namespace}/private`, { visibility: 'public' })).toBe(DENIED)
    }
    for (const [method, path] of [
      ['GET', '/users'],
      ['POST', '/users'],
      ['GET', '/audit'],
      ['DELETE', '/namespaces/rivals'],
    ] as const)
      expect(await api(login, method, path, method === 'POST' ? { name: 'mine' } : undefined)).toBe(DENIED)
  })

  test.each(['reader', 'writer', 'other user', 'robot', 'owner, narrow token'] as const)(
    '%s cannot make themselves an owner, nor anybody else',
    async (principal) => {
      const login = world.logins[principal]
      for (const user of ['reader', 'writer', 'other', 'nobody', 'owner']) {
        expect(await api(login, 'PUT', `/namespaces/acme/members/${user}`, { role: 'owner' })).toBe(DENIED)
        expect(await api(login, 'DELETE', `/namespaces/acme/members/${user}`)).toBe(DENIED)
      }
      expect(await api(login, 'PATCH', '/namespaces/acme', { defaultVisibility: 'public' })).toBe(DENIED)
      expect(await api(login, 'POST', '/namespaces/acme/tokens', newToken(['acme/*', ['pull']]))).toBe(DENIED)
      expect(await api(login, 'PATCH', '/repositories/acme/private', { visibility: 'public' })).toBe(DENIED)
      expect(await api(login, 'DELETE', `/namespaces/acme/tokens/${world.spare.token}`)).toBe(DENIED)
      expect(await api(login, 'DELETE', `/namespaces/acme/trust-rules/${world.spare.trustRule}`)).toBe(DENIED)
    },
  )

  test('an owner reaches nothing of another namespace by an id of it', async () => {
    const { registry, logins } = world
    await registry.addOrganisation('rivals')
    const { id } = await registry.addToken('rivals', ['rivals/*:pull'])
    expect(await api(logins.owner, 'DELETE', `/namespaces/acme/tokens/${id}`)).toBe('404 TOKEN_UNKNOWN')
    expect(await api(logins.owner, 'DELETE', `/namespaces/owner/tokens/${world.spare.token}`)).toBe('404 TOKEN_UNKNOWN')
    for (const odd of ['..', '%2e%2e', '..%2f..%2fnamespaces%2facme', '*', 'x'])
      expect(await api(logins.owner, 'DELETE', `/namespaces/acme/tokens/${odd}`)).toMatch(/^40[45] /)
  })

  test('a member’s role in single repositories is of that organisation', async () => {
    const body = { role: null, repositories: { 'other/app': 'owner' } }
    expect(await api(world.logins.owner, 'PUT', '/namespaces/acme/members/reader', body)).toBe('409 CONFLICT')
    const own = { role: null, repositories: { __proto__: 'owner', 'acme/private': 'root' } }
    expect(await api(world.logins.owner, 'PUT', '/namespaces/acme/members/reader', own)).toBe('400 REQUEST_INVALID')
  })

  test('a trust rule is for repositories of its own namespace', async () => {
    for (const repositories of [['other/*'], ['*'], ['acm*'], ['acme*'], ['acme/x', 'other/x']]) {
      const rule = { issuer: ISSUER, claims: { sub: 'x' }, repositories, actions: ['pull'] }
      expect(await api(world.logins.owner, 'POST', '/namespaces/acme/trust-rules', rule)).toBe('409 CONFLICT')
    }
    const admin = { issuer: ISSUER, claims: { sub: 'x' }, repositories: ['acme/*'], actions: ['admin'] }
    expect(await api(world.logins.owner, 'POST', '/namespaces/acme/trust-rules', admin)).toBe('400 REQUEST_INVALID')
  })
})

describe('administrators', () => {
  test('nobody makes themselves one', async () => {
    const { logins } = world
    for (const [login, name] of [
      [logins.owner, 'owner'],
      [logins['other user'], 'other'],
      [logins.robot, 'acme'],
      [logins.owner, 'acme'],
    ] as const)
      expect(await api(login, 'PATCH', `/namespaces/${name}`, { administrator: true })).toBe(DENIED)
    expect(await api(logins.owner, 'PATCH', '/namespaces/owner', { administrator: false })).toBe('200')
  })

  test('with a token that is not for everything, they are none', async () => {
    const { registry } = world
    for (const scopes of [['root/*:pull,push,delete,admin'], ['*:pull,push,delete'], ['r*:admin']]) {
      const { login } = await registry.addToken('root', scopes)
      expect(await api(login, 'GET', '/users')).toBe(DENIED)
      expect(await api(login, 'PATCH', '/namespaces/owner', { administrator: true })).toBe(DENIED)
      const me = await registry.api(login, 'GET', '/whoami')
      expect(await me.json()).toMatchObject({ administrator: false })
    }
  })

  test('one who no longer is one is refused at once', async () => {
    const { registry, logins } = world
    const login = logins.administrator
    expect(await api(login, 'GET', '/users')).toBe('200')
    expect((await registry.api(registry.admin, 'PATCH', '/namespaces/root', { administrator: false })).status).toBe(200)
    expect(await api(login, 'GET', '/users')).toBe(DENIED)
    expect((await asLogin(registry, login).fetch('/v2/acme/private/tags/list')).status).toBe(403)
  })
})

describe('a namespace that was removed and made again', () => {
  test('a user: no token, membership or role of the earlier one holds', async () => {
    const { registry, logins } = world
    const short = await registry.token(logins.writer, 'repository:acme/private:pull,push')
    expect(await api(registry.admin, 'DELETE', '/namespaces/writer')).toBe('204')
    expect(await api(logins.writer, 'GET', '/whoami')).toBe('401 UNAUTHORIZED')
    const again = await registry.addUser('writer')
    expect(await api(logins.writer, 'GET', '/whoami')).toBe('401 UNAUTHORIZED')
    expect((await asLogin(registry, again).fetch('/v2/acme/private/tags/list')).status).toBe(403)
    const path = '/v2/writer/app/blobs/uploads/?mount=sha256:' + '0'.repeat(64) + '&from=acme/private'
    const headers = { Authorization: `Bearer ${short}` }
    expect((await registry.fetch(path, { method: 'POST', headers })).status).toBe(401)
  })

  test('a user again: what the earlier one left behind as a member is nothing to the later one', async () => {
    const { registry, store } = world
    const kept = [...store.bucket].filter(([key]) => key.startsWith('accounts/members'))
    for (const name of ['owner', 'reader', 'single'])
      expect(await api(registry.admin, 'DELETE', `/namespaces/${name}`)).toBe('204')
    for (const [key, object] of kept) store.bucket.set(key, object)
    for (const name of ['owner', 'reader', 'single']) {
      const again = await registry.addUser(name)
      expect((await asLogin(registry, again).fetch('/v2/acme/private/tags/list')).status).toBe(403)
      expect(await api(again, 'GET', '/namespaces/acme')).toBe(DENIED)
    }
  })

  test('an organisation again: the same, when nothing of the earlier one was cleared up', async () => {
    const { registry, store, logins } = world
    const kept = [...store.bucket].filter(([key]) => /^accounts\/(tokens|members|memberships|trust)/.test(key))
    await registry.api(registry.admin, 'DELETE', '/repositories/acme/public')
    for (const key of [...store.bucket.keys()]) if (key.startsWith('catalog/acme/')) store.bucket.delete(key)
    expect(await api(registry.admin, 'DELETE', '/namespaces/acme')).toBe('204')
    expect(await api(registry.admin, 'DELETE', '/namespaces/reader')).toBe('204')
    await registry.addOrganisation('acme')
    await registry.addUser('reader')
    for (const [key, object] of kept) store.bucket.set(key, object)

    for (const principal of ['reader', 'robot', 'trusted job'] as const)
      expect((await asLogin(registry, logins[principal]).fetch('/v2/')).status).toBe(401)
    for (const principal of ['owner', 'writer'] as const) {
      expect((await asLogin(registry, logins[principal]).fetch('/v2/acme/private/tags/list')).status).toBe(403)
      expect(await api(logins[principal], 'GET', '/namespaces/acme')).toBe(DENIED)
      const me = await registry.api(logins[principal], 'GET', '/whoami')
      expect(await me.json()).toMatchObject({ organisations: [] })
    }
    for (const list of ['members', 'tokens', 'trust-rules']) {
      const response = await registry.api(registry.admin, 'GET', `/namespaces/acme/${list}`)
      expect(await response.json()).toEqual({ items: [] })
    }
  })

  // Nothing lies below `solo/` then.
  test('a repository called as its namespace keeps it from being removed', async () => {
    const { registry } = world
    await registry.addOrganisation('solo')
    await pushImage(asLogin(registry, registry.admin), 'solo', 'v1')
    expect(await api(registry.admin, 'DELETE', '/namespaces/solo')).toBe('409 CONFLICT')
  })
})
