import { beforeAll, describe, expect, test } from 'vitest'

import { MAX_SCOPES } from '../../src/auth/scope.ts'
import { basic } from '../suites/account-registry.ts'
import { outcome } from '../suites/client.ts'
import { createWorld, type World } from './support/world.ts'

/** What the token endpoint is asked by somebody who means no good, or by a client with a fault. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})

const FORM = 'application/x-www-form-urlencoded'

interface Answer {
  readonly status: number
  readonly scope: string
  readonly token: string
}

async function ask(scopes: readonly string[]): Promise<Answer> {
  const query = new URLSearchParams(scopes.map((scope) => ['scope', scope])).toString()
  const response = await world.registry.fetch(`/token?${query}`, { headers: basic(world.logins.owner) })
  const { scope = '', token = '' } = await response.json<{ scope?: string; token?: string }>()
  return { status: response.status, scope, token }
}

async function post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return world.registry.fetch('/token', { method: 'POST', body, headers: { 'Content-Type': FORM, ...headers } })
}

function grant(more: Readonly<Record<string, string>> = {}): URLSearchParams {
  const [username = '', password = ''] = world.logins.owner ?? []
  return new URLSearchParams({ grant_type: 'password', username, password, ...more })
}

describe('scopes: too much is never an error', () => {
  const LONG = 'a'.repeat(300)

  test.each([
    ['repository:acme/private:pull', 'repository:acme/private:pull'],
    ['repository(plugin):acme/private:pull', 'repository:acme/private:pull'],
    ['repository():acme/private:pull', 'repository:acme/private:pull'],
    ['repository:acme/private:pull,pull,push', 'repository:acme/private:pull,push'],
    ['repository:acme/private:*', 'repository:acme/private:pull,push,delete'],
    ['repository:acme/private:admin', ''],
    ['repository:acme/private:', ''],
    ['repository:acme/private:PULL', ''],
    ['repository:acme/private', ''],
    ['repository:acme/private:pull:', ''],
    ['repository::pull', ''],
    ['Repository:acme/private:pull', ''],
    ['registry:acme/private:pull', ''],
    ['registry:catalog:*', 'registry:catalog:*'],
    ['registry:catalog:pull', ''],
    ['user:root:admin', ''],
    ['*:acme/private:pull', ''],
    ['repository:*:pull', ''],
    ['repository:acme/*:pull', ''],
    ['repository:a:b:c:pull', ''],
    ['repository:registry.test/acme/private:pull', ''],
    ['repository:ACME/private:pull', ''],
    ['repository:acme/../acme/private:pull', ''],
    ['repository:acme/./private:pull', ''],
    ['repository:/acme/private:pull', ''],
    ['repository:acme//private:pull', ''],
    ['repository:acme/private/:pull', ''],
    ['repository:acme%2fprivate:pull', ''],
    ['repository:acme\\private:pull', ''],
    ['repository:acme/private\0:pull', ''],
    ['repository:acme/private\r\nX-Evil: 1:pull', ''],
    ['repository:acme/private\n:pull', ''],
    ['repository:"acme/private":pull', ''],
    ['repository:acme/prıvate:pull', ''],
    ['repository:acme/ｐrivate:pull', ''],
    ['repository:acme/private\u200b:pull', ''],
    ['repository:\ud800:pull', ''],
    [`repository:acme/${LONG}:pull`, ''],
    [`${LONG}:acme/private:pull`, ''],
    [`repository(${LONG}):acme/private:pull`, 'repository:acme/private:pull'],
    ['repository:__proto__:pull', ''],
    ['constructor:prototype:pull', ''],
    [':::', ''],
    ['', ''],
  ])('%j', async (scope, granted) => {
    expect(await ask([scope])).toMatchObject({ status: 200, scope: granted })
  })

  test('a strange scope beside a good one takes nothing from it', async () => {
    const scopes = ['repository:a"b\r\n:pull', 'repository:acme/private:pull repository:acme/public:pull', '\0']
    const { scope, token } = await ask(scopes)
    expect(scope).toBe('repository:acme/private:pull repository:acme/public:pull')
    const headers = { Authorization: `Bearer ${token}` }
    expect((await world.registry.fetch('/v2/acme/private/tags/list', { headers })).status).toBe(200)
  })
})

describe('10,000 scopes', () => {
  /** What a user's permission costs: a membership is two reads, and a public repository one. */
  const READS_OF_A_SCOPE = 3
  const READS_OF_A_LOGIN = 3
  const names = Array.from({ length: 10_000 }, (_, index) => `acme/r${index}`)
  const scopes = names.map((name) => `repository:${name}:pull`)

  test('by GET, repeated and in one: the first 50 are looked at', async () => {
    for (const texts of [scopes, [scopes.join(' ')]]) {
      world.store.taken()
      const { status, scope } = await ask(texts)
      expect(status).toBe(200)
      expect(scope.split(' ')).toEqual(scopes.slice(0, MAX_SCOPES))
      const calls = world.store.taken()
      expect(calls.length).toBeLessThanOrEqual(READS_OF_A_LOGIN + READS_OF_A_SCOPE * MAX_SCOPES)
    }
  })

  test('by a form: no more than fits 64 KiB', async () => {
    const short = Array.from({ length: 10_000 }, (_, index) => `r:${index}:`).slice(0, 5000)
    world.store.taken()
    const small = await post(grant({ scope: [...scopes.slice(0, 60), ...short].join(' ').slice(0, 40_000) }))
    expect(await small.json()).toMatchObject({ scope: scopes.slice(0, MAX_SCOPES).join(' ') })
    expect(world.store.taken().length).toBeLessThanOrEqual(READS_OF_A_LOGIN + READS_OF_A_SCOPE * MAX_SCOPES)
    expect(await outcome(await post(grant({ scope: scopes.join(' ') })))).toBe('413 SIZE_INVALID')
    expect(world.store.taken()).toEqual([])
  })

  test('10,000 times the same one is one scope, and costs what one does', async () => {
    world.store.taken()
    const { scope } = await ask(Array.from({ length: 10_000 }, () => 'repository:acme/private:pull'))
    expect(scope).toBe('repository:acme/private:pull')
    expect(world.store.taken().length).toBeLessThanOrEqual(READS_OF_A_LOGIN + READS_OF_A_SCOPE)
  })

  test('the token of as many scopes as are looked at can be used', async () => {
    const { token } = await ask(scopes)
    const headers = { Authorization: `Bearer ${token}` }
    expect((await world.registry.fetch('/v2/', { headers })).status).toBe(200)
  })
})

// Such a token is longer than what src/auth/authorization-header.ts reads of a header: a client comes again and again.
test('a token for 50 scopes with the longest names can be used', async () => {
  const names = Array.from({ length: MAX_SCOPES }, (_, index) => `acme/${'a'.repeat(240)}${index}`)
  const { token } = await ask(names.map((name) => `repository:${name}:pull`))
  const headers = { Authorization: `Bearer ${token}` }
  expect((await world.registry.fetch('/v2/', { headers })).status).toBe(200)
})

describe('forms', () => {
  test.each<[string, () => BodyInit, Record<string, string>, string]>([
    ['a right one', () => grant().toString(), {}, '200'],
    ['with a charset', () => grant().toString(), { 'Content-Type': `${FORM}; charset=utf-8` }, '200'],
    ['in capitals', () => grant().toString(), { 'Content-Type': FORM.toUpperCase() }, '200'],
    [
      'JSON',
      () => JSON.stringify({ grant_type: 'password' }),
      { 'Content-Type': 'application/json' },
      '400 REQUEST_INVALID',
    ],
    [
      'multipart',
      () => grant().toString(),
      { 'Content-Type': 'multipart/form-data; boundary=x' },
      '400 REQUEST_INVALID',
    ],
    ['text', () => grant().toString(), { 'Content-Type': 'text/plain' }, '400 REQUEST_INVALID'],
    ['empty', () => '', {}, '400 REQUEST_INVALID'],
    ['no UTF-8', () => new Uint8Array([0x67, 0xff, 0xfe]), {}, '400 REQUEST_INVALID'],
    ['without a grant type', () => 'username=owner&password=x', {}, '400 REQUEST_INVALID'],
    ['without a password', () => 'grant_type=password&username=owner', {}, '400 REQUEST_INVALID'],
    ['without a name', () => 'grant_type=password&password=x', {}, '400 REQUEST_INVALID'],
    ['without a refresh token', () => 'grant_type=refresh_token', {}, '400 REQUEST_INVALID'],
    ['an empty refresh token', () => 'grant_type=refresh_token&refresh_token=', {}, '401 UNAUTHORIZED'],
    ['authorization_code', () => 'grant_type=authorization_code&code=x', {}, '400 REQUEST_INVALID'],
    ['client_credentials', () => 'grant_type=client_credentials', {}, '400 REQUEST_INVALID'],
    ['PASSWORD', () => grant({ grant_type: 'PASSWORD' }).toString(), {}, '400 REQUEST_INVALID'],
    ['__proto__', () => 'grant_type=__proto__', {}, '400 REQUEST_INVALID'],
    ['64 KiB and one byte', () => 'a'.repeat(64 * 1024 + 1), {}, '413 SIZE_INVALID'],
    ['a length that is too great', () => 'a', { 'Content-Length': String(64 * 1024 + 1) }, '413 SIZE_INVALID'],
  ])('%s: %s', async (_, body, headers, want) => {
    world.store.taken()
    const response = await post(body(), headers)
    const status = response.status
    expect(await outcome(response)).toBe(want)
    if (status !== 200) expect(world.store.taken()).toEqual([])
  })

  test('a form that never ends is not read on', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 16 * 1024
        controller.enqueue(new Uint8Array(16 * 1024).fill(0x61))
      },
    })
    const init = { method: 'POST', body, duplex: 'half' as const, headers: { 'Content-Type': FORM } }
    expect(await outcome(await world.registry.fetch('/token', init))).toBe('413 SIZE_INVALID')
    expect(sent).toBeLessThan(160 * 1024)
  })

  test('the login in the form counts, not the one in the header', async () => {
    const form = new URLSearchParams({ ...Object.fromEntries(grant()), scope: 'repository:acme/private:push' })
    const response = await post(form, basic(world.logins['other user']))
    expect(await response.json()).toMatchObject({ scope: 'repository:acme/private:push' })
  })

  test('an answer with a token is in no cache', async () => {
    const response = await post(grant())
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    const got = await world.registry.fetch('/token')
    expect(got.headers.get('Cache-Control')).toBe('no-store')
  })
})
