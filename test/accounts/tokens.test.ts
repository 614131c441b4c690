import { expect, test } from 'vitest'

import { createAccountRegistry, type AccountRegistry, type Login } from '../suites/account-registry.ts'

const PUSH = 'repository:alice/app:pull,push'

interface TokenAnswer {
  readonly status: number
  readonly token?: string
  readonly access_token?: string
  readonly scope?: string
  readonly refresh_token?: string
  readonly expires_in?: number
  readonly issued_at?: string
}

async function get(registry: AccountRegistry, login: Login, query: string): Promise<TokenAnswer> {
  const headers: Record<string, string> = login === null ? {} : { Authorization: `Basic ${btoa(login.join(':'))}` }
  const response = await registry.fetch(`/token?${query}`, { headers })
  return { ...(await response.json<TokenAnswer>()), status: response.status }
}

async function post(registry: AccountRegistry, form: Record<string, string>): Promise<TokenAnswer> {
  const body = new URLSearchParams({ service: 'registry.test', client_id: 'test', ...form })
  const response = await registry.fetch('/token', { method: 'POST', body })
  return { ...(await response.json<TokenAnswer>()), status: response.status }
}

test('the answer has what either kind of client looks for', async () => {
  const registry = createAccountRegistry()
  const alice = await registry.addUser('alice')
  const answer = await get(registry, alice, `service=registry.test&scope=${PUSH}&account=alice&client_id=docker`)
  expect(answer).toMatchObject({ status: 200, scope: PUSH, expires_in: 110, issued_at: '2026-11-24T12:00:00.000Z' })
  expect(answer.token).toBe(answer.access_token)
  expect(answer).not.toHaveProperty('refresh_token')

  const posted = await post(registry, { grant_type: 'password', username: 'alice', password: alice[1], scope: PUSH })
  expect(posted).toMatchObject({ status: 200, scope: PUSH, expires_in: 110, token_type: 'Bearer' })
  expect(posted).not.toHaveProperty('refresh_token')
})

test('a refresh token comes again for whoever asks for one, opens the token endpoint alone, and ends with its token', async () => {
  const registry = createAccountRegistry()
  await registry.addUser('alice')
  const { login, id } = await registry.addToken('alice', ['alice/*:pull,push'])
  const { refresh_token: refresh = '' } = await get(registry, login, 'offline_token=true')
  expect(refresh).toMatch(/^rdstf_/)
  const [name, password] = login
  const posted = await post(registry, { grant_type: 'password', username: name, password, access_type: 'offline' })
  expect(posted.refresh_token).toBe(refresh)

  const again = () => post(registry, { grant_type: 'refresh_token', refresh_token: refresh, scope: PUSH })
  expect(await again()).toMatchObject({ status: 200, scope: PUSH, refresh_token: refresh })
  for (const path of ['/v2/', '/token', '/api/v1/whoami'])
    for (const header of [`Basic ${btoa(`alice:${refresh}`)}`, `Bearer ${refresh}`])
      expect((await registry.fetch(path, { headers: { Authorization: header } })).status).toBe(401)

  expect((await registry.api(registry.admin, 'DELETE', `/namespaces/alice/tokens/${id}`)).status).toBe(204)
  expect(await again()).toMatchObject({ status: 401, errors: [{ code: 'UNAUTHORIZED' }] })
})

test("what docker keeps of the operator's login is not the operator's token", async () => {
  const registry = createAccountRegistry()
  const { refresh_token: refresh = '' } = await get(registry, registry.admin, 'offline_token=true')
  expect(refresh).toMatch(/^rdstf_/)
  const form = { grant_type: 'refresh_token', refresh_token: refresh, scope: 'repository:admin/app:pull,push' }
  expect(await post(registry, form)).toMatchObject({ status: 200, scope: 'repository:admin/app:pull,push' })
  const headers = { Authorization: `Bearer ${refresh}` }
  expect((await registry.fetch('/api/v1/whoami', { headers })).status).toBe(401)
  const forged = `${refresh.slice(0, 30)}${refresh.slice(31, 32)}${refresh.slice(31)}`
  expect(await post(registry, { ...form, refresh_token: forged })).toMatchObject({ status: 401 })
})

test.each([
  [{}, 'REQUEST_INVALID'],
  [{ grant_type: 'authorization_code' }, 'REQUEST_INVALID'],
  [{ grant_type: 'password', username: 'alice' }, 'REQUEST_INVALID'],
  [{ grant_type: 'refresh_token' }, 'REQUEST_INVALID'],
] as const)('the form %j is refused', async (form, code) => {
  expect(await post(createAccountRegistry(), form)).toMatchObject({ status: 400, errors: [{ code }] })
})

test('nobody pushes a namespace into being, not even an administrator', async () => {
  const registry = createAccountRegistry()
  const root = await registry.addUser('root', { administrator: true })
  for (const login of [registry.admin, root]) {
    const { scope } = await get(registry, login, 'scope=repository:nobody/app:pull,push,delete')
    expect(scope).toBe('repository:nobody/app:pull,delete')
  }
  await registry.addOrganisation('nobody')
  const { scope } = await get(registry, root, 'scope=repository:nobody/app:pull,push,delete')
  expect(scope).toBe('repository:nobody/app:pull,push,delete')
})

test('what the roles give, in the organisation and in single repositories', async () => {
  const registry = createAccountRegistry()
  await registry.addOrganisation('acme')
  const all = 'repository:acme/app:pull,push,delete'
  const scopesOf = async (user: string, member: object, token: readonly string[]) => {
    await registry.addUser(user)
    await registry.api(registry.admin, 'PUT', `/namespaces/acme/members/${user}`, member)
    const { login } = await registry.addToken(user, token)
    return (await get(registry, login, `scope=${all}`)).scope
  }
  const roleIn = (name: string, role: string) => ({ role: null, repositories: { [name]: role } })
  expect(await scopesOf('a', { role: 'owner' }, ['*:pull,push,delete'])).toBe(all)
  expect(await scopesOf('b', { role: 'writer' }, ['*:pull,push,delete'])).toBe('repository:acme/app:pull,push')
  expect(await scopesOf('c', { role: 'reader' }, ['*:pull,push,delete'])).toBe('repository:acme/app:pull')
  expect(await scopesOf('d', { role: 'owner' }, ['*:pull'])).toBe('repository:acme/app:pull')
  expect(await scopesOf('e', { role: 'owner' }, ['acme/other:pull,push'])).toBe('')
  expect(await scopesOf('f', roleIn('acme/app', 'writer'), ['*:pull,push'])).toBe('repository:acme/app:pull,push')
  expect(await scopesOf('g', roleIn('acme/other', 'writer'), ['*:pull,push'])).toBe('')
  expect(await scopesOf('h', { role: 'reader', repositories: { 'acme/app': 'owner' } }, ['*:push,delete'])).toBe(
    'repository:acme/app:push,delete',
  )
})

test('a token that has expired, or whose short token has, is refused to the second', async () => {
  const registry = createAccountRegistry()
  await registry.addUser('alice')
  const { login } = await registry.addToken('alice', ['*:pull'], '2026-11-24T12:01:00Z')
  const short = await registry.token(login)
  const base = () => registry.fetch('/v2/', { headers: { Authorization: `Bearer ${short}` } })
  registry.pass(59)
  expect((await get(registry, login, '')).status).toBe(200)
  registry.pass(1)
  expect((await get(registry, login, '')).status).toBe(401)
  registry.pass(49)
  expect((await base()).status).toBe(200)
  registry.pass(1)
  expect((await base()).status).toBe(401)
})

test('the use of a token is noted at most once an hour', async () => {
  const writes: string[] = []
  const registry = createAccountRegistry({
    wrap: (objects) => ({
      ...objects,
      put: (key, ...rest) => {
        writes.push(key)
        return objects.put(key, ...rest)
      },
    }),
  })
  await registry.addUser('alice')
  const { login, id } = await registry.addToken('alice', ['*:pull'])
  const listed = async () => (await registry.api(registry.admin, 'GET', '/namespaces/alice/tokens')).text()
  expect(await listed()).not.toMatch(/"lastUsedAt":"/)
  writes.length = 0
  for (let times = 0; times < 5; times++) await get(registry, login, '')
  await registry.idle()
  expect(writes).toEqual([`accounts/token-uses/${id}`])
  expect(await listed()).toMatch(/"lastUsedAt":"\d/)
})

test.each([
  ['the rest of a small request is taken in before the refusal', 60_000, true],
  ['a large one is refused at once', 70_000, false],
] as const)('%s', async (_, size, read) => {
  const registry = createAccountRegistry()
  let ended = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        controller.enqueue(new Uint8Array(size))
        controller.close()
        ended = true
      },
    },
    { highWaterMark: 0 },
  )
  const headers = { 'Content-Length': String(size) }
  const init = { method: 'PUT', body, headers, duplex: 'half' } as const
  expect((await registry.fetch('/v2/alice/app/manifests/v1', init)).status).toBe(401)
  expect(ended).toBe(read)
})

test('a client that sends less than it has said gets its refusal all the same', async () => {
  const registry = createAccountRegistry()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new Uint8Array(10))
    },
  })
  const init = { method: 'PUT', body, headers: { 'Content-Length': '20' }, duplex: 'half' } as const
  expect((await registry.fetch('/v2/alice/app/manifests/v1', init)).status).toBe(401)
})
