import { beforeEach, expect, test } from 'vitest'

import { createAccounts } from '../../src/accounts/accounts.ts'
import { createMemoryLoginFailures } from '../../src/accounts/login-failures.ts'
import { createAccountRegistry, type AccountRegistry, type Login } from '../suites/account-registry.ts'
import { pushImage } from './support/images.ts'

let registry: AccountRegistry
let alice: Login

beforeEach(async () => {
  registry = createAccountRegistry()
  alice = await registry.addUser('alice')
})

async function removeRepository(name: string): Promise<void> {
  const once = async () =>
    (await registry.api(registry.admin, 'DELETE', `/repositories/${name}`)).json<{ done: boolean }>()
  while (!(await once()).done);
}

test('the audit log of an earlier namespace of that name is not for its owners now', async () => {
  await pushImage(registry, alice, 'alice/app', 'v1')
  await removeRepository('alice/app')
  await registry.api(registry.admin, 'DELETE', '/namespaces/alice')
  registry.pass(60)
  const next = await registry.addUser('alice')
  const log = await (await registry.api(next, 'GET', '/namespaces/alice/audit')).text()
  expect(log).not.toContain('alice/app')
  expect(log).toContain('token.create')
})

test('the history of an earlier repository of that name is not shown', async () => {
  await pushImage(registry, alice, 'alice/app', 'v1', 'a secret')
  await removeRepository('alice/app')
  registry.pass(60)
  const { manifest } = await pushImage(registry, alice, 'alice/app', 'v1', 'no secret')
  const path = '/repositories/alice/app/_tags/v1/_history'
  const { items } = await (await registry.api(alice, 'GET', path)).json<{ items: { digest: string }[] }>()
  expect(items.map(({ digest }) => digest)).toEqual([manifest])
})

test('a token of somebody who was taken away creates no repository for the next of that name', async () => {
  const scopes = ['repository:alice/app:pull,push']
  const short = await registry.token(alice, ...scopes)
  await registry.api(registry.admin, 'DELETE', '/namespaces/alice')
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] })
  const headers = { Authorization: `Bearer ${short}`, 'Content-Type': INDEX }
  const response = await registry.fetch('/v2/alice/app/manifests/v1', { method: 'PUT', body: manifest, headers })
  expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('"DENIED"')])
  expect((await registry.keys()).filter((key) => key.startsWith('catalog/'))).toEqual([])
})

const INDEX = 'application/vnd.oci.image.index.v1+json'

test('what owners set never brings back a record that is being removed', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
  let hold = false
  registry = createAccountRegistry({
    wrap: (objects) => ({
      ...objects,
      async put(key, ...rest) {
        // The change has read the record, and is about to write its event.
        if (hold && key.startsWith('accounts/audit/alice/')) await held
        return objects.put(key, ...rest)
      },
    }),
  })
  alice = await registry.addUser('alice')
  hold = true
  const change = registry.api(alice, 'PATCH', '/namespaces/alice', { defaultVisibility: 'public' })
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect((await registry.api(registry.admin, 'DELETE', '/namespaces/alice')).status).toBe(204)
  release(undefined)
  await change
  expect((await registry.api(registry.admin, 'GET', '/namespaces/alice')).status).toBe(404)
  expect((await registry.api(alice, 'GET', '/whoami')).status).toBe(401)
})

test("tokens made for the operator's own namespace end with the operator's token", async () => {
  const { login } = await registry.addToken('admin', ['*:pull,push,delete,admin'])
  expect((await registry.api(login, 'GET', '/whoami')).status).toBe(200)
  for (const adminToken of ['another token of the operator-0123456789', null]) {
    const settings = { adminToken, oidcIssuers: [], secrets: ['a secret'] }
    const loginFailures = createMemoryLoginFailures(() => new Date())
    const accounts = createAccounts(registry.objects, { ...settings, loginFailures })
    const services = { ...registry.services, accounts }
    const headers = { Authorization: `Basic ${btoa(login.join(':'))}` }
    const { createApp } = await import('../../src/app.ts')
    const request = new Request('http://registry.test/api/v1/whoami', { headers })
    expect((await createApp().fetch(request, services, () => undefined)).status).toBe(401)
  }
})

test('a token makes none that outlives it', async () => {
  const { login } = await registry.addToken('alice', ['*:pull,admin'], '2026-12-01T00:00:00Z')
  const make = async (expiresAt: string | null) => {
    const body = { name: 'next', scopes: [{ repositories: '*', actions: ['pull'] }], expiresAt }
    return (await registry.api(login, 'POST', '/namespaces/alice/tokens', body)).status
  }
  expect(await make(null)).toBe(403)
  expect(await make('2026-12-01T00:00:01Z')).toBe(403)
  expect(await make('2026-12-01T00:00:00Z')).toBe(201)
})

test('a first push says in the log that there is a repository, and by which token', async () => {
  const { login, id } = await registry.addToken('alice', ['alice/*:pull,push'])
  await registry.api(registry.admin, 'PATCH', '/namespaces/alice', { defaultVisibility: 'public' })
  await pushImage(registry, login, 'alice/app', 'v1')
  const response = await registry.api(registry.admin, 'GET', '/namespaces/alice/audit')
  const { items } = await response.json<{ items: { action: string; token: string; detail: object }[] }>()
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: 'repository.create', token: id, detail: { visibility: 'public' } }),
      expect.objectContaining({ action: 'tag.push', token: id }),
    ]),
  )
})
