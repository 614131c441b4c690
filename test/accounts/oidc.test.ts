import { generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createAccountRegistry, type AccountRegistry } from '../suites/account-registry.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'

const RULE = {
  claims: { repository: 'acme/app', ref: 'refs/heads/*' },
  repositories: ['acme/app', 'acme/cache-*'],
  actions: ['pull', 'push'],
}
const CLAIMS = { aud: 'registry.test', sub: 'repo:acme/app', repository: 'acme/app', ref: 'refs/heads/main' }
const PUSH = 'repository:acme/app:pull,push'

let issuer: Issuer
let registry: AccountRegistry
let warnings: string[]

beforeEach(async () => {
  issuer = await startIssuer()
  registry = createAccountRegistry({ oidcIssuers: [issuer.name] })
  await registry.addOrganisation('acme')
  warnings = []
  vi.spyOn(console, 'warn').mockImplementation((line: string) => warnings.push(line))
})
afterEach(() => vi.restoreAllMocks())

async function addRule(rule: object = {}): Promise<string> {
  const body = { issuer: issuer.name, ...RULE, ...rule }
  const response = await registry.api(registry.admin, 'POST', '/namespaces/acme/trust-rules', body)
  expect(response.status).toBe(201)
  return (await response.json<{ id: string }>()).id
}

async function exchange(token: string, scope = PUSH): Promise<{ status: number; body: string; scope?: string }> {
  const response = await registry.fetch(`/token?scope=${encodeURIComponent(scope)}&offline_token=true`, {
    headers: { Authorization: `Basic ${btoa(`oidc:${token}`)}` },
  })
  const body = await response.text()
  return response.ok
    ? { status: 200, body, ...(JSON.parse(body) as { scope: string }) }
    : { status: response.status, body }
}

const sign = (claims: object = {}) => issuer.sign({ ...CLAIMS, ...claims }, registry.services.now())

test('a job gets what its rule gives, and nothing beside it', async () => {
  await addRule()
  const token = await sign()
  expect(await exchange(token)).toMatchObject({ status: 200, scope: PUSH })
  expect(await exchange(token, 'repository:acme/cache-1:pull,push,delete')).toMatchObject({
    scope: 'repository:acme/cache-1:pull,push',
  })
  expect(await exchange(token, 'repository:acme/other:pull')).toMatchObject({ status: 200, scope: '' })
  expect(await exchange(token, 'repository:other/app:pull')).toMatchObject({ status: 200, scope: '' })
  const login = ['oidc', token] as const
  const started = await registry.as(login, [PUSH], '/v2/acme/app/blobs/uploads/', { method: 'POST' })
  expect(started.status).toBe(202)
})

const HOUR = 3600
test.each([
  ['another audience', { aud: 'other.test' }, /no trust rule fits/],
  ['no audience', { aud: undefined }, /aud/],
  ['another repository', { repository: 'acme/app2' }, /no trust rule fits/],
  ['another ref', { ref: 'refs/tags/v1' }, /no trust rule fits/],
  ['a claim that is missing', { ref: undefined }, /no trust rule fits/],
  ['a claim that is no text', { repository: ['acme/app'] }, /no trust rule fits/],
  ['a claim of another name', { repository: undefined, Repository: 'acme/app' }, /no trust rule fits/],
  ['an expired token', { exp: Date.parse('2026-11-24T11:59:59Z') / 1000 }, /exp/],
  ['a token that never expires', { exp: undefined }, /exp/],
  ['a token of later', { nbf: Date.parse('2026-11-24T12:00:00Z') / 1000 + HOUR }, /nbf/],
  ['an issuer that is not known', { iss: 'http://127.0.0.1:1' }, /not one of OIDC_ISSUERS/],
  ['no subject', { sub: undefined }, /sub/],
])('%s is refused, and only the log says why', async (_, claims, reason) => {
  await addRule()
  const wrong = await exchange('no token')
  expect(wrong).toMatchObject({ status: 401, body: expect.stringContaining('UNAUTHORIZED') as string })
  expect(await exchange(await sign(claims))).toEqual(wrong)
  expect(warnings.join('\n')).toMatch(reason)
})

test.each([
  ['signed by somebody else', async () => (await generateKeyPair('RS256')).privateKey],
  ['signed with the public key as a secret', () => Promise.resolve(new TextEncoder().encode(JSON.stringify(CLAIMS)))],
] as const)('a token %s is refused', async (_, keyOf) => {
  await addRule()
  const key = await keyOf()
  const forged = await new SignJWT({ ...CLAIMS, iss: issuer.name })
    .setProtectedHeader({ alg: key instanceof Uint8Array ? 'HS256' : 'RS256', kid: 'key-1' })
    .setExpirationTime(new Date(registry.services.now().getTime() + 60_000))
    .sign(key)
  expect((await exchange(forged)).status).toBe(401)
})

test('without a rule nobody gets in; when the rule goes, so does the job', async () => {
  expect((await exchange(await sign())).status).toBe(401)
  const id = await addRule()
  const { status, body } = await exchange(await sign())
  expect(status).toBe(200)
  const { refresh_token: refresh } = JSON.parse(body) as { refresh_token: string }
  const again = () => refreshed(refresh)
  expect(await again()).toMatchObject({ status: 200, scope: PUSH })
  await registry.api(registry.admin, 'DELETE', `/namespaces/acme/trust-rules/${id}`)
  expect(await again()).toEqual({ status: 401 })
  expect((await exchange(await sign())).status).toBe(401)
})

test('what docker keeps of the login outlives the token of the job, but not an hour', async () => {
  await addRule()
  const { body } = await exchange(await sign())
  const { refresh_token: refresh } = JSON.parse(body) as { refresh_token: string }
  registry.pass(3590)
  expect(await refreshed(refresh)).toMatchObject({ status: 200, scope: PUSH })
  registry.pass(20)
  expect(await refreshed(refresh)).toEqual({ status: 401 })
})

async function refreshed(refresh: string): Promise<{ status: number; scope?: string }> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', service: 'registry.test', client_id: 'docker' })
  form.set('refresh_token', refresh)
  form.set('scope', PUSH)
  const response = await registry.fetch('/token', { method: 'POST', body: form })
  const { scope } = await response.json<{ scope?: string }>()
  return { status: response.status, ...(scope === undefined ? {} : { scope }) }
}

test("the issuer's keys are fetched once, and again for a key that is new", async () => {
  await addRule()
  for (let times = 0; times < 3; times++) expect((await exchange(await sign())).status).toBe(200)
  expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/keys'])
  await issuer.rotate()
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] }) // `jose` asks no more than twice a minute
  expect((await exchange(await sign())).status).toBe(200)
  vi.useRealTimers()
  expect(issuer.requests.filter((path) => path === '/keys')).toHaveLength(2)
})

test('several jobs at once, before the keys are there', async () => {
  await addRule()
  const tokens = await Promise.all(Array.from({ length: 5 }, () => sign()))
  const answers = await Promise.all(tokens.map((token) => exchange(token)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
})

test.each([
  ['answers 500', 500, '{}'],
  ['answers no JSON', 200, '<html>'],
  ['answers for another issuer', 200, '{"issuer":"https://other.test","jwks_uri":"https://other.test/keys"}'],
  ['has its keys elsewhere without TLS', 200, '{"issuer":"ISSUER","jwks_uri":"http://127.0.0.2:1/keys"}'],
  ['answers very much', 200, JSON.stringify({ filler: 'x'.repeat(70_000) })],
  ['redirects', 302, ''],
])('an issuer that %s lets nobody in, and is asked once', async (_, status, body) => {
  issuer.answer('/.well-known/openid-configuration', status, body.replace('ISSUER', issuer.name))
  await addRule()
  for (let times = 0; times < 3; times++) expect((await exchange(await sign())).status).toBe(401)
  expect(issuer.requests).toEqual(['/.well-known/openid-configuration'])
})

test.each([
  [{ issuer: 'https://unknown.test' }, 409, 'CONFLICT'],
  [{ repositories: ['other/app'] }, 409, 'CONFLICT'],
  [{ repositories: ['acme*'] }, 409, 'CONFLICT'],
  [{ repositories: ['*'] }, 409, 'CONFLICT'],
  [{ claims: {} }, 400, 'REQUEST_INVALID'],
  [{ actions: ['admin'] }, 400, 'REQUEST_INVALID'],
  [{ issuer: 'nowhere' }, 400, 'REQUEST_INVALID'],
] as const)('a rule with %j is refused', async (part, status, code) => {
  const body = { issuer: issuer.name, ...RULE, ...part }
  const response = await registry.api(registry.admin, 'POST', '/namespaces/acme/trust-rules', body)
  expect(response.status).toBe(status)
  expect((await response.json<{ errors: { code: string }[] }>()).errors[0]?.code).toBe(code)
})

const GITHUB = 'https://token.actions.githubusercontent.com'
test.each([
  [GITHUB, { repository: 'acme/app' }, 201],
  [GITHUB, { repository: 'acme/*' }, 201],
  [GITHUB, { sub: 'repo:acme/app:*' }, 201],
  [GITHUB, { repository_owner_id: '42', ref: '*' }, 201],
  [GITHUB, { repository: 'acme*' }, 409], // anybody's `acme-too`
  [GITHUB, { repository: '*' }, 409],
  [GITHUB, { sub: '*' }, 409],
  [GITHUB, { ref: 'refs/heads/main' }, 409],
  [GITHUB, { environment: 'production', actor: 'alice' }, 409],
  ['https://ci.test', { team: 'acme' }, 201],
  ['https://ci.test', { team: '*' }, 409],
] as const)('a rule for %s with %j: %i, since it says whose the job is or not', async (name, claims, status) => {
  registry = createAccountRegistry({ oidcIssuers: [GITHUB, 'https://ci.test'] })
  await registry.addOrganisation('acme')
  const body = { ...RULE, issuer: name, claims }
  expect((await registry.api(registry.admin, 'POST', '/namespaces/acme/trust-rules', body)).status).toBe(status)
})

test('an issuer that is silent for a moment is still known by its keys', async () => {
  await addRule()
  expect((await exchange(await sign())).status).toBe(200)
  issuer.answer('/.well-known/openid-configuration', 500, '')
  registry.pass(700)
  expect((await exchange(await sign())).status).toBe(200)
})

test('however many repositories a job asks for, the rules are read once', async () => {
  const reads: string[] = []
  registry = createAccountRegistry({
    oidcIssuers: [issuer.name],
    wrap: (objects) => ({
      ...objects,
      get: (key) => {
        reads.push(key)
        return objects.get(key)
      },
    }),
  })
  await registry.addOrganisation('acme')
  await addRule()
  await addRule()
  reads.length = 0
  const scopes = ['app', 'cache-1', 'cache-2', 'other'].map((name) => `repository:acme/${name}:pull,push`)
  expect((await exchange(await sign(), scopes.join(' '))).status).toBe(200)
  expect(reads.filter((key) => key.startsWith('accounts/trust-rules/'))).toHaveLength(2)
})
