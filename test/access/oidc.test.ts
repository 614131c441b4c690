import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { createAccountRegistry, type AccountRegistry, type Login } from '../suites/account-registry.ts'
import { outcome } from '../suites/client.ts'

/** Jobs elsewhere, with a real issuer on this machine: which of its tokens are taken, and for what. */

const SERVICE = 'registry.test'
const SCOPE = 'repository:acme/app:pull,push'

let issuer: string
let server: Server
let asked: string[] = []
let key: CryptoKey
let publicKey: CryptoKey
let otherKey: CryptoKey
let registry: AccountRegistry
beforeAll(async () => {
  vi.spyOn(console, 'warn').mockReturnValue() // why each token was refused
  ;({ privateKey: key, publicKey } = await generateKeyPair('RS256', { extractable: true }))
  ;({ privateKey: otherKey } = await generateKeyPair('RS256'))
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] }
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const configuration = { issuer, jwks_uri: `${issuer}/keys` }
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(request.url === '/keys' ? jwks : configuration))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  registry = createAccountRegistry({ oidcIssuers: [issuer] })
  await registry.addOrganisation('acme')
  const rule = {
    issuer,
    claims: { sub: 'repo:acme/*:ref:refs/heads/main', environment: 'production' },
    repositories: ['acme/*'],
    actions: ['pull', 'push'],
  }
  expect((await registry.api(registry.admin, 'POST', '/namespaces/acme/trust-rules', rule)).status).toBe(201)
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const seconds = () => Math.floor(registry.services.now().getTime() / 1000)

function claims(changed: JWTPayload = {}): JWTPayload {
  return {
    iss: issuer,
    aud: SERVICE,
    sub: 'repo:acme/app:ref:refs/heads/main',
    environment: 'production',
    iat: seconds(),
    exp: seconds() + 300,
    ...changed,
  }
}

function sign(payload: JWTPayload, by: CryptoKey | Uint8Array = key, header: { alg?: string; kid?: string } = {}) {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(by)
}

async function granted(token: string, name = 'oidc'): Promise<string> {
  const login: Login = [name, token]
  const headers = { Authorization: `Basic ${btoa(login.join(':'))}`, 'CF-Connecting-IP': crypto.randomUUID() }
  const response = await registry.fetch(`/token?scope=${SCOPE}`, { headers })
  if (response.status !== 200) return outcome(response)
  return (await response.json<{ scope: string }>()).scope
}

test('a job that a rule fits pushes, in the repositories of the rule alone', async () => {
  const login: Login = ['oidc', await sign(claims())]
  const start = (repository: string) =>
    registry.as(login, [`repository:${repository}:pull,push`], `/v2/${repository}/blobs/uploads/`, { method: 'POST' })
  expect((await start('acme/app')).status).toBe(202)
  expect((await start('acmes/app')).status).toBe(403)
  expect((await start('other/app')).status).toBe(403)
  const init = { method: 'DELETE' }
  const removed = await registry.as(login, ['repository:acme/app:delete'], '/v2/acme/app/manifests/v1', init)
  expect(removed.status).toBe(403)
  const me = await registry.api(login, 'GET', '/whoami')
  expect(await me.json()).toMatchObject({
    kind: 'workload',
    name: 'oidc+repo:acme/app:ref:refs/heads/main',
    administrator: false,
  })
  expect(await outcome(await registry.api(login, 'GET', '/namespaces/acme'))).toBe('403 DENIED')
})

test.each<[string, () => JWTPayload, string]>([
  ['right', () => ({}), SCOPE],
  ['two audiences, one of them ours', () => ({ aud: ['x', SERVICE] }), SCOPE],
  ['another audience', () => ({ aud: 'other.test' }), '401 UNAUTHORIZED'],
  ['no audience', () => ({ aud: undefined }), '401 UNAUTHORIZED'],
  ['another issuer', () => ({ iss: 'https://elsewhere.test' }), '401 UNAUTHORIZED'],
  ['the issuer with a slash', () => ({ iss: `${issuer}/` }), '401 UNAUTHORIZED'],
  ['expired', () => ({ exp: seconds() - 1 }), '401 UNAUTHORIZED'],
  ['no end', () => ({ exp: undefined }), '401 UNAUTHORIZED'],
  ['not yet', () => ({ nbf: seconds() + 3600 }), '401 UNAUTHORIZED'],
  ['another branch', () => ({ sub: 'repo:acme/app:ref:refs/heads/evil' }), '401 UNAUTHORIZED'],
  ['a branch that ends as ours', () => ({ sub: 'repo:evil/x:ref:refs/heads/main' }), '401 UNAUTHORIZED'],
  ['a sub in which ours is', () => ({ sub: 'x repo:acme/app:ref:refs/heads/main' }), '401 UNAUTHORIZED'],
  ['no subject', () => ({ sub: undefined }), '401 UNAUTHORIZED'],
  [
    'a subject that is too long',
    () => ({ sub: `repo:acme/${'a'.repeat(500)}:ref:refs/heads/main` }),
    '401 UNAUTHORIZED',
  ],
  ['another environment', () => ({ environment: 'test' }), '401 UNAUTHORIZED'],
  ['no environment', () => ({ environment: undefined }), '401 UNAUTHORIZED'],
  ['a list of environments', () => ({ environment: ['production'] }), '401 UNAUTHORIZED'],
])('a token that is %s', async (_, changed, want) => {
  expect(await granted(await sign(claims(changed())))).toBe(want)
})

test.each<[string, () => Promise<string>]>([
  ['by another key under the same id', () => sign(claims(), otherKey)],
  ['by a key that the issuer does not name', () => sign(claims(), otherKey, { kid: 'two' })],
  ['by nobody', () => Promise.resolve(new UnsecuredJWT(claims()).encode())],
  ['by HMAC with the public key', hmacByPublicKey],
  ['by HMAC with an empty key', () => sign(claims(), new TextEncoder().encode(' '), { alg: 'HS256' })],
  ['not at all', () => Promise.resolve('job')],
  [
    'and changed then',
    async () =>
      (await sign(claims({ sub: 'x' }))).replace(/\.[^.]+\./, `.${btoa(JSON.stringify(claims())).replace(/=+$/, '')}.`),
  ],
])('a token that is signed %s is refused', async (_, make) => {
  expect(await granted(await make())).toBe('401 UNAUTHORIZED')
})

test('a right token under another name is refused', async () => {
  for (const name of ['acme', 'OIDC', '', 'admin', 'oidc '])
    expect(await granted(await sign(claims()), name)).toBe('401 UNAUTHORIZED')
})

test('only the addresses of the setting are ever asked, whatever a token names', async () => {
  asked = []
  const header = { alg: 'RS256', jku: `${issuer}/evil`, x5u: `${issuer}/evil` }
  const token = await new SignJWT(claims()).setProtectedHeader(header).sign(otherKey)
  expect(await granted(token)).toBe('401 UNAUTHORIZED')
  expect(asked).not.toContain('/evil')
})

test('a rule that is taken away holds no more, also for what the job comes again with', async () => {
  const body = () => ({ grant_type: 'password', username: 'oidc', access_type: 'offline', scope: SCOPE })
  const post = (form: Record<string, string>) =>
    registry.fetch('/token', { method: 'POST', body: new URLSearchParams(form) })
  const first = await post({ ...body(), password: await sign(claims()) })
  const { refresh_token: refresh } = await first.json<{ refresh_token: string }>()
  const again = () => post({ grant_type: 'refresh_token', refresh_token: refresh, scope: SCOPE })
  expect(await (await again()).json()).toMatchObject({ scope: SCOPE })
  registry.pass(3600)
  expect(await outcome(await again())).toBe('401 UNAUTHORIZED')

  const rules = await registry.api(registry.admin, 'GET', '/namespaces/acme/trust-rules')
  const { items } = await rules.json<{ items: { id: string }[] }>()
  for (const { id } of items) await registry.api(registry.admin, 'DELETE', `/namespaces/acme/trust-rules/${id}`)
  expect(await granted(await sign(claims()))).toBe('401 UNAUTHORIZED')
})

async function hmacByPublicKey(): Promise<string> {
  const jwk = await exportJWK(publicKey)
  return sign(claims(), new TextEncoder().encode(JSON.stringify(jwk)), { alg: 'HS256' })
}
