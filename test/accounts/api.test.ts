import { expect, test } from 'vitest'

import { createAccountRegistry, type AccountRegistry } from '../suites/account-registry.ts'
import { pushImage } from './support/images.ts'

interface Page<T> {
  readonly items: readonly T[]
}

async function code(response: Response): Promise<string> {
  const text = await response.text()
  return response.ok ? '' : ((JSON.parse(text) as { errors: { code: string }[] }).errors[0]?.code ?? '')
}

const SCOPES = [{ repositories: '*', actions: ['pull'] }]
const RULE = { issuer: 'https://ci.test', claims: { a: 'b' }, repositories: ['acme/app'], actions: ['pull'] }

/** alice, bob, and acme with one repository. */
async function populated(): Promise<AccountRegistry> {
  const registry = createAccountRegistry({ oidcIssuers: ['https://ci.test'] })
  await registry.addUser('alice')
  await registry.addUser('bob')
  await registry.addOrganisation('acme')
  await pushImage(registry, registry.admin, 'acme/app', 'v1')
  return registry
}

test.each([
  ['POST', '/users', { name: 'Alice' }, 400, 'REQUEST_INVALID'],
  ['POST', '/users', { name: 'a/b' }, 400, 'REQUEST_INVALID'],
  ['POST', '/users', { name: 'x'.repeat(65) }, 400, 'REQUEST_INVALID'],
  ['POST', '/users', { name: 'carol', colour: 'red' }, 400, 'REQUEST_INVALID'],
  ['POST', '/users', { name: 'carol', owner: 'alice' }, 400, 'REQUEST_INVALID'],
  ['POST', '/users', [], 400, 'REQUEST_INVALID'],
  ['POST', '/users', { name: 'alice' }, 409, 'CONFLICT'],
  ['POST', '/users', { name: 'acme' }, 409, 'CONFLICT'],
  ['POST', '/users', { name: 'admin' }, 409, 'CONFLICT'],
  ['POST', '/users', { name: 'oidc' }, 409, 'CONFLICT'],
  ['POST', '/organisations', { name: 'alice' }, 409, 'CONFLICT'],
  ['POST', '/organisations', { name: 'other', owner: 'nobody' }, 404, 'NAMESPACE_UNKNOWN'],
  ['POST', '/organisations', { name: 'other', owner: 'acme' }, 404, 'NAMESPACE_UNKNOWN'],
  ['POST', '/organisations', { name: 'other', administrator: true }, 400, 'REQUEST_INVALID'],
  ['GET', '/namespaces/nobody', undefined, 404, 'NAMESPACE_UNKNOWN'],
  ['GET', '/namespaces/No', undefined, 400, 'NAMESPACE_INVALID'],
  ['PATCH', '/namespaces/acme', { administrator: true }, 409, 'CONFLICT'],
  ['PATCH', '/namespaces/acme', { defaultVisibility: 'secret' }, 400, 'REQUEST_INVALID'],
  ['PATCH', '/namespaces/acme', {}, 400, 'REQUEST_INVALID'],
  ['PATCH', '/namespaces/admin', { administrator: false }, 409, 'CONFLICT'],
  ['DELETE', '/namespaces/nobody', undefined, 404, 'NAMESPACE_UNKNOWN'],
  ['DELETE', '/namespaces/acme', undefined, 409, 'CONFLICT'],
  ['PATCH', '/repositories/acme/app', {}, 400, 'REQUEST_INVALID'],
  ['GET', '/namespaces/alice/members', undefined, 409, 'CONFLICT'],
  ['PUT', '/namespaces/acme/members/nobody', { role: 'reader' }, 404, 'NAMESPACE_UNKNOWN'],
  ['PUT', '/namespaces/acme/members/acme', { role: 'reader' }, 404, 'NAMESPACE_UNKNOWN'],
  ['PUT', '/namespaces/acme/members/bob', { role: 'boss' }, 400, 'REQUEST_INVALID'],
  ['PUT', '/namespaces/acme/members/bob', {}, 400, 'REQUEST_INVALID'],
  ['PUT', '/namespaces/acme/members/bob', { role: null, repositories: { 'alice/app': 'owner' } }, 409, 'CONFLICT'],
  ['PUT', '/namespaces/acme/members/bob', { role: null, repositories: { 'acme/*': 'owner' } }, 400, 'REQUEST_INVALID'],
  ['DELETE', '/namespaces/acme/members/bob', undefined, 404, 'MEMBER_UNKNOWN'],
  ['POST', '/namespaces/acme/tokens', { name: 'a' }, 400, 'REQUEST_INVALID'],
  ['POST', '/namespaces/acme/tokens', { name: '', scopes: SCOPES }, 400, 'REQUEST_INVALID'],
  ['POST', '/namespaces/acme/tokens', { name: 'a\nb', scopes: SCOPES }, 400, 'REQUEST_INVALID'],
  ['POST', '/namespaces/acme/tokens', { name: 'a', scopes: [] }, 400, 'REQUEST_INVALID'],
  [
    'POST',
    '/namespaces/acme/tokens',
    { name: 'a', scopes: [{ repositories: 'a*b', actions: ['pull'] }] },
    400,
    'REQUEST_INVALID',
  ],
  [
    'POST',
    '/namespaces/acme/tokens',
    { name: 'a', scopes: [{ repositories: '*', actions: ['fly'] }] },
    400,
    'REQUEST_INVALID',
  ],
  ['POST', '/namespaces/acme/tokens', { name: 'a', scopes: SCOPES, expiresAt: 'soon' }, 400, 'REQUEST_INVALID'],
  [
    'POST',
    '/namespaces/acme/tokens',
    { name: 'a', scopes: SCOPES, expiresAt: '2026-11-24T12:00:00Z' },
    409,
    'CONFLICT',
  ],
  ['POST', '/namespaces/nobody/tokens', { name: 'a', scopes: SCOPES }, 404, 'NAMESPACE_UNKNOWN'],
  ['DELETE', '/namespaces/acme/tokens/0123456789abcdef', undefined, 404, 'TOKEN_UNKNOWN'],
  ['DELETE', '/namespaces/acme/tokens/..', undefined, 404, 'UNSUPPORTED'], // the client has tidied it away
  ['POST', '/namespaces/acme/trust-rules', { ...RULE, extra: 1 }, 400, 'REQUEST_INVALID'],
  ['DELETE', '/namespaces/acme/trust-rules/x', undefined, 404, 'TRUST_RULE_UNKNOWN'],
  ['GET', '/namespaces/acme/audit?since=yesterday', undefined, 400, 'REQUEST_INVALID'],
  ['GET', '/users?n=many', undefined, 400, 'PAGINATION_NUMBER_INVALID'],
  ['GET', '/repositories/acme/other', undefined, 404, 'NAME_UNKNOWN'],
  ['GET', '/repositories/acme/UPPER', undefined, 400, 'NAME_INVALID'],
  ['GET', '/repositories/acme/other/_tags', undefined, 404, 'NAME_UNKNOWN'],
  ['PATCH', '/repositories/acme/other', { visibility: 'public' }, 404, 'NAME_UNKNOWN'],
  ['PATCH', '/repositories/acme/app', { visibility: 'half' }, 400, 'REQUEST_INVALID'],
  ['PATCH', '/repositories/acme/app', { description: 'x'.repeat(501) }, 400, 'REQUEST_INVALID'],
  ['DELETE', '/repositories/acme/other', undefined, 404, 'NAME_UNKNOWN'],
  ['DELETE', '/repositories/acme/app/_tags/v2', undefined, 404, 'TAG_UNKNOWN'],
  ['DELETE', '/repositories/acme/app/_tags/-', undefined, 400, 'TAG_INVALID'],
  ['GET', '/nothing', undefined, 404, 'UNSUPPORTED'],
  ['PUT', '/users', undefined, 405, 'UNSUPPORTED'],
] as const)('%s %s %j: %i %s, and no record is changed', async (method, path, body, status, want) => {
  const registry = await populated()
  const before = await registry.keys()
  const response = await registry.api(registry.admin, method, path, body)
  expect([response.status, await code(response)]).toEqual([status, want])
  expect(await registry.keys()).toEqual(before)
})

test('a body that is no JSON, or too long, is refused', async () => {
  const registry = await populated()
  const send = async (body: BodyInit, type = 'application/json; charset=utf-8') => {
    const headers = { Authorization: `Basic ${btoa(registry.admin.join(':'))}`, 'Content-Type': type }
    const response = await registry.fetch('/api/v1/users', { method: 'POST', headers, body })
    return [response.status, await code(response)]
  }
  expect(await send('{')).toEqual([400, 'REQUEST_INVALID'])
  // What a form of a page elsewhere can send.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', ''])
    expect(await send('{"name":"carol"}', type)).toEqual([400, 'REQUEST_INVALID'])
  expect(await send('{"name":"carol"}')).toEqual([201, ''])
  expect(await send(new Uint8Array([0x22, 0xff, 0x22]))).toEqual([400, 'REQUEST_INVALID'])
  expect(await send(`{"name":"${'x'.repeat(70_000)}"}`)).toEqual([413, 'SIZE_INVALID'])
})

test('what is set is told: namespaces, members, repositories', async () => {
  const registry = await populated()
  const { admin } = registry
  await registry.api(admin, 'PATCH', '/namespaces/acme', { defaultVisibility: 'public' })
  expect(await (await registry.api(admin, 'GET', '/namespaces/acme')).json()).toEqual({
    name: 'acme',
    kind: 'organisation',
    administrator: false,
    defaultVisibility: 'public',
    createdAt: '2026-11-24T12:00:00.000Z',
    createdBy: 'admin',
  })
  const users = await (await registry.api(admin, 'GET', '/users')).json<Page<{ name: string }>>()
  expect(users.items.map(({ name }) => name)).toEqual(['alice', 'bob'])

  const member = { role: 'reader', repositories: { 'acme/app': 'writer' } }
  await registry.api(admin, 'PUT', '/namespaces/acme/members/bob', member)
  const members = await (await registry.api(admin, 'GET', '/namespaces/acme/members')).json()
  expect(members).toMatchObject({ items: [{ user: 'bob', ...member, addedBy: 'admin' }] })

  const changed = await registry.api(admin, 'PATCH', '/repositories/acme/app', { description: 'An app' })
  expect(await changed.json()).toMatchObject({ name: 'acme/app', visibility: 'private', description: 'An app' })
  const open = await registry.api(admin, 'PATCH', '/repositories/acme/app', { visibility: 'public' })
  expect(await open.json()).toMatchObject({ visibility: 'public', description: 'An app' })
  expect(await (await registry.api(null, 'GET', '/repositories')).json()).toMatchObject({
    items: [{ name: 'acme/app' }],
  })
})

test('a new repository is as its namespace wants, whatever one of its name was before', async () => {
  const registry = await populated()
  const { admin } = registry
  const visibility = async (name: string) =>
    (await (await registry.api(admin, 'GET', `/repositories/${name}`)).json<{ visibility: string }>()).visibility
  expect(await visibility('acme/app')).toBe('private')
  await registry.api(admin, 'PATCH', '/namespaces/acme', { defaultVisibility: 'public' })
  await pushImage(registry, admin, 'acme/open', 'v1')
  expect([await visibility('acme/open'), await visibility('acme/app')]).toEqual(['public', 'private'])

  await registry.api(admin, 'PATCH', '/namespaces/acme', { defaultVisibility: 'private' })
  while (!(await (await registry.api(admin, 'DELETE', '/repositories/acme/open')).json<{ done: boolean }>()).done);
  expect((await registry.api(admin, 'GET', '/repositories/acme/open')).status).toBe(404)
  await registry.objects.put('accounts/public/acme/open!', new Uint8Array(0)) // as a change at the same time may leave it
  await pushImage(registry, admin, 'acme/open', 'v1')
  expect(await visibility('acme/open')).toBe('private')
})

test('tags are listed with who pushed them, and with all that they have been', async () => {
  const registry = await populated()
  const { admin } = registry
  const first = await (
    await registry.api(admin, 'GET', '/repositories/acme/app/_tags')
  ).json<Page<{ digest: string }>>()
  expect(first.items).toMatchObject([{ name: 'v1', pushedBy: 'admin', pushedAt: '2026-11-24T12:00:00.000Z' }])
  registry.pass(10)
  const { manifest } = await pushImage(registry, admin, 'acme/app', 'v1', 'another layer')
  registry.pass(10)
  expect((await registry.api(admin, 'DELETE', '/repositories/acme/app/_tags/v1')).status).toBe(204)
  const history = await (
    await registry.api(admin, 'GET', '/repositories/acme/app/_tags/v1/_history')
  ).json<Page<object>>()
  expect(history.items).toEqual([
    { digest: null, pushedAt: '2026-11-24T12:00:20.000Z', pushedBy: 'admin' },
    expect.objectContaining({ digest: manifest }),
    expect.objectContaining({ digest: first.items[0]?.digest }),
  ])
})

test('every change is in the audit log of its namespace, and nothing secret', async () => {
  const registry = await populated()
  const { admin } = registry
  registry.pass(60)
  await registry.api(admin, 'PUT', '/namespaces/acme/members/bob', { role: 'writer' })
  const made = await registry.api(admin, 'POST', '/namespaces/acme/tokens', { name: 'deploy', scopes: SCOPES })
  const { id, token } = await made.json<{ id: string; token: string }>()
  await registry.api(admin, 'DELETE', `/namespaces/acme/tokens/${id}`)
  await registry.api(admin, 'POST', '/namespaces/acme/trust-rules', RULE)
  await registry.api(admin, 'PATCH', '/repositories/acme/app', { visibility: 'public' })
  await pushImage(registry, admin, 'acme/app', 'v2')
  await registry.as(admin, ['repository:acme/app:delete'], '/v2/acme/app/manifests/v2', { method: 'DELETE' })
  const { manifest } = await pushImage(registry, admin, 'acme/app', 'v3', 'other')
  await registry.as(admin, ['repository:acme/app:delete'], `/v2/acme/app/manifests/${manifest}`, { method: 'DELETE' })

  const response = await registry.api(admin, 'GET', '/namespaces/acme/audit?since=2026-11-24T12:00:30Z')
  const text = await response.text()
  const { items } = JSON.parse(text) as Page<{ action: string; subject: string; by: string; detail: object }>
  expect(items.map(({ action, subject }) => `${action} ${subject.replace(/^[0-9a-f-]{36}$/, 'ID')}`).sort()).toEqual(
    [
      'member.set bob',
      `token.create ${id}`,
      `token.revoke ${id}`,
      'trust-rule.add ID',
      'repository.change acme/app',
      'tag.push acme/app',
      'tag.delete acme/app',
      'tag.push acme/app',
      'manifest.delete acme/app',
    ].sort(),
  )
  expect(new Set(items.map(({ by }) => by))).toEqual(new Set(['admin']))
  expect(items.find(({ action }) => action === 'tag.push')?.detail).toMatchObject({ tags: ['v2'] })
  expect(text).not.toContain(token)
  await registry.api(admin, 'PATCH', '/namespaces/bob', { administrator: true })
  const own = await (await registry.api(admin, 'GET', '/audit')).json<Page<{ action: string }>>()
  expect(own.items.map(({ action }) => action).sort()).toEqual([
    'organisation.add',
    'user.add',
    'user.add',
    'user.change',
  ])
})

test('listings go on where the page before ended', async () => {
  const registry = createAccountRegistry()
  const names = Array.from({ length: 7 }, (_, index) => `user-${index}`)
  for (const name of names) await registry.api(registry.admin, 'POST', '/users', { name })
  await registry.addOrganisation('user-3-but-not')
  const seen: string[] = []
  for (let path: string | null = '/users?n=3'; path !== null;) {
    const response: Response = await registry.api(registry.admin, 'GET', path)
    const { items } = await response.json<Page<{ name: string }>>()
    seen.push(...items.map(({ name }) => name))
    const [, next = null] = /^<\/api\/v1(.+)>; rel="next"$/.exec(response.headers.get('Link') ?? '') ?? []
    path = next
  }
  expect(seen).toEqual(names)
})

test('the OpenAPI document has every endpoint, and what it says of bodies is what is taken', async () => {
  const registry = createAccountRegistry()
  const document = await (
    await registry.fetch('/api/v1/openapi.json')
  ).json<{
    openapi: string
    servers: { url: string }[]
    paths: Record<string, Record<string, { operationId: string; requestBody?: object; responses: object }>>
  }>()
  expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: 'http://registry.test' }] })
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  expect(operations.length).toBeGreaterThan(25)
  for (const { responses } of operations) expect(Object.keys(responses)).toContain('default')
  expect(document.paths['/api/v1/namespaces/{namespace}/tokens']?.['post']?.requestBody).toMatchObject({
    content: {
      'application/json': {
        schema: { type: 'object', required: ['name', 'scopes'], additionalProperties: false },
      },
    },
  })
})
