import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'

import { beforeAll, describe, expect, test } from 'vitest'

import { createShortTokens, SHORT_TOKEN_SECONDS, type ShortToken } from '../../src/auth/short-token.ts'
import { createAccountRegistry } from '../suites/account-registry.ts'
import { outcome } from '../suites/client.ts'
import { decodeJson, encodeJson } from './support/base64-json.ts'
import { createWorld, type World } from './support/world.ts'

/** Short tokens that are not ours, or are not what they claim. Each of them would read the private repository. */

const SECRET = 'the secret that this registry signs with' // of createAccountRegistry
const SERVICE = 'registry.test'
const PATH = '/v2/acme/private/manifests/v1'
const GRANTED = [{ type: 'repository', name: 'acme/private', actions: ['pull'] }]
const WANTED: ShortToken = { name: 'owner', bearer: { kind: 'operator' }, granted: GRANTED, refused: [] }

let world: World
let now: Date
/** A right one, in its three parts. */
let right: string
let header: Record<string, unknown>
let payload: Record<string, unknown>
beforeAll(async () => {
  world = await createWorld()
  now = world.registry.services.now()
  right = await world.registry.token(world.logins.owner, 'repository:acme/private:pull')
  header = decodeJson(right.split('.')[0]) as Record<string, unknown>
  payload = decodeJson(right.split('.')[1]) as Record<string, unknown>
})

async function ask(token: string, path = PATH): Promise<string> {
  const { registry, store } = world
  store.taken()
  const response = await registry.fetch(path, { headers: { Authorization: `Bearer ${token}` } })
  if (response.status === 401) {
    expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
    expect(store.taken()).toEqual([])
  }
  return outcome(response)
}

/** Signed as ours are, with any header, claims and key. */
function signed(head: unknown, claims: unknown, key: Uint8Array | string, hash = 'sha256'): string {
  const text = `${encodeJson(head)}.${encodeJson(claims)}`
  return `${text}.${createHmac(hash, key).update(text).digest('base64url')}`
}

/** What our own secret signs, were it to leak: only the claims are wrong then. */
function derivedKey(secret = SECRET): Uint8Array {
  return createHash('sha256').update(`roadstead tokens 1\n${secret}`).digest()
}

test('the right one is let in, and so is one that this test signs as the registry does', async () => {
  expect(await ask(right)).toBe('200')
  expect(await ask(signed(header, payload, derivedKey()))).toBe('200')
})

describe('what is signed wrongly', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })

  test.each<[string, () => string]>([
    ['alg none, without a signature', () => `${encodeJson({ ...header, alg: 'none' })}.${encodeJson(payload)}.`],
    ['alg None', () => `${encodeJson({ ...header, alg: 'None' })}.${encodeJson(payload)}.`],
    [
      'alg none, with the right signature',
      () => `${encodeJson({ ...header, alg: 'none' })}.${right.split('.').slice(1).join('.')}`,
    ],
    ['no alg', () => signed({ typ: header['typ'] }, payload, derivedKey())],
    ['RS256 over an HMAC by a public key', () => signed({ ...header, alg: 'RS256' }, payload, pem)],
    ['RS256 over the right HMAC', () => signed({ ...header, alg: 'RS256' }, payload, derivedKey())],
    ['ES256 over the right HMAC', () => signed({ ...header, alg: 'ES256' }, payload, derivedKey())],
    ['HS512 with the right key', () => signed({ ...header, alg: 'HS512' }, payload, derivedKey(), 'sha512')],
    ['HS256 by a public key', () => signed(header, payload, pem)],
    ['HS256 with another secret', () => signed(header, payload, derivedKey('another secret'))],
    ['HS256 with the secret itself, not what is derived from it', () => signed(header, payload, SECRET)],
    ['HS256 with an empty key', () => signed(header, payload, '')],
    ['a key of its own in the header', () => signed({ ...header, jwk: { kty: 'oct', k: 'YWFh' } }, payload, 'aaa')],
    ['crit', () => signed({ ...header, crit: ['x'], x: 1 }, payload, derivedKey())],
    ['an unsigned payload', () => signed({ ...header, b64: false, crit: ['b64'] }, payload, derivedKey())],
    ['the payload changed', () => tampered({ access: [{ type: 'repository', name: 'acme/private', actions: ['*'] }] })],
    ['the name changed', () => tampered({ sub: 'root' })],
    ['the signature cut', () => right.slice(0, -4)],
    ['no signature', () => right.split('.').slice(0, 2).join('.')],
    ['four parts', () => `${right}.x`],
    ['no JWT', () => 'no-token'],
    ['the login itself', () => world.logins.owner?.[1] ?? ''],
  ])('%s', async (_, forge) => {
    expect(await ask(forge())).toBe('401 UNAUTHORIZED')
  })

  function tampered(claims: Record<string, unknown>): string {
    const [head = '', , signature = ''] = right.split('.')
    return `${head}.${encodeJson({ ...payload, ...claims })}.${signature}`
  }
})

describe('what is signed rightly, and is not for this', () => {
  const seconds = () => Math.floor(now.getTime() / 1000)

  test.each<[string, () => Record<string, unknown>]>([
    ['another audience', () => ({ aud: 'other.test' })],
    ['another issuer', () => ({ iss: 'other.test' })],
    ['no audience', () => ({ aud: undefined })],
    ['no issuer', () => ({ iss: undefined })],
    ['no end', () => ({ exp: undefined })],
    ['an end that is a text', () => ({ exp: '9999999999' })],
    ['ended this second', () => ({ exp: seconds() })],
    ['ended a second ago', () => ({ exp: seconds() - 1 })],
    ['begins in an hour', () => ({ nbf: seconds() + 3600 })],
    ['no access', () => ({ access: undefined })],
    ['an access that is a text', () => ({ access: 'repository:acme/private:pull' })],
    ['an access whose actions are a text', () => ({ access: [{ ...GRANTED[0], actions: 'pull' }] })],
    ['a bearer of no kind', () => ({ bearer: { kind: 'root' } })],
    [
      'an administrator without a token',
      () => ({ bearer: { kind: 'user', name: 'owner', id: 'x', administrator: true } }),
    ],
    ['no bearer', () => ({ bearer: undefined })],
  ])('%s', async (_, claims) => {
    expect(await ask(signed(header, { ...payload, ...claims() }, derivedKey()))).toBe('401 UNAUTHORIZED')
  })

  test.each(['JWT', undefined, 'roadstead-refresh+jwt', ''])('the type %s', async (typ) => {
    expect(await ask(signed({ ...header, typ }, payload, derivedKey()))).toBe('401 UNAUTHORIZED')
  })

  test('a token of one repository does not open another one, nor one whose name begins so', async () => {
    for (const name of ['acme/private/x', 'acme/privat', 'acme', '*', 'acme/*', 'ACME/PRIVATE']) {
      const token = signed(
        header,
        { ...payload, access: [{ type: 'repository', name, actions: ['pull'] }] },
        derivedKey(),
      )
      const response = await world.registry.fetch(PATH, { headers: { Authorization: `Bearer ${token}` } })
      expect(response.headers.get('WWW-Authenticate')).toContain('error="insufficient_scope"')
      expect(await outcome(response)).toBe('401 UNAUTHORIZED')
    }
  })
})

describe('what ends', () => {
  test('a token holds for 110 seconds, and not one more', async () => {
    const own = await createWorld()
    const token = await own.registry.token(own.logins.owner, 'repository:acme/private:pull')
    const askOwn = () => own.registry.fetch(PATH, { headers: { Authorization: `Bearer ${token}` } })
    own.registry.pass(SHORT_TOKEN_SECONDS - 1)
    expect((await askOwn()).status).toBe(200)
    own.registry.pass(1)
    expect((await askOwn()).status).toBe(401)
  })

  test('a revoked login: its short tokens end within two minutes, and no new one is made', async () => {
    const own = await createWorld()
    const { login, id } = await own.registry.addToken('owner', ['acme/*:pull'])
    const token = await own.registry.token(login, 'repository:acme/private:pull')
    const headers = { Authorization: `Bearer ${token}` }
    expect((await own.registry.api(own.logins.owner, 'DELETE', `/namespaces/owner/tokens/${id}`)).status).toBe(204)
    await expect(own.registry.token(login)).rejects.toThrow('401')
    expect((await own.registry.fetch(PATH, { headers })).status).toBe(200)
    own.registry.pass(120)
    expect((await own.registry.fetch(PATH, { headers })).status).toBe(401)
  })
})

describe('secrets', () => {
  const tokenBy = (secrets: readonly string[], service = SERVICE, at = now) =>
    createShortTokens(secrets).sign(WANTED, service, at)

  test.each([
    ['the one that signs', ['new secret'], '200'],
    ['the one before', ['old secret'], '200'],
    ['one that was dropped', ['dropped secret'], '401'],
  ] as const)('%s', async (_, secrets, status) => {
    const registry = createAccountRegistry({ secrets: ['new secret', 'old secret'] })
    const headers = { Authorization: `Bearer ${await tokenBy(secrets, SERVICE, registry.services.now())}` }
    expect((await registry.fetch('/v2/', { headers })).status).toBe(Number(status))
  })

  test('of another registry with the same secret, at another host', async () => {
    expect(await ask(await tokenBy([SECRET], 'other.test'))).toBe('401 UNAUTHORIZED')
    expect(await ask(await tokenBy([SECRET], `${SERVICE}:8080`))).toBe('401 UNAUTHORIZED')
    expect(await ask(await tokenBy(['the secret of another registry']))).toBe('401 UNAUTHORIZED')
  })
})

describe('refresh tokens', () => {
  test('what a job may come again with opens nothing but the token endpoint, and the reverse', async () => {
    const { registry } = world
    const claims = { iss: 'https://issuer.test', sub: 'trusted', aud: SERVICE }
    const refresh = await registry.accounts.shortTokens.signWorkload(claims, SERVICE, now)
    expect(await ask(refresh)).toBe('401 UNAUTHORIZED')
    expect(await ask(refresh, '/v2/')).toBe('401 UNAUTHORIZED')
    expect(await outcome(await refreshWith(refresh))).toBe('200')
    expect(await outcome(await refreshWith(right))).toBe('401 UNAUTHORIZED')
  })

  test('what docker keeps in place of a token is no token', async () => {
    const { registry, logins } = world
    const [name = '', password = ''] = logins.owner ?? []
    const form = { grant_type: 'password', username: name, password, access_type: 'offline' }
    const response = await registry.fetch('/token', { method: 'POST', body: new URLSearchParams(form) })
    const { refresh_token: refresh } = await response.json<{ refresh_token: string }>()
    expect(refresh).toMatch(/^rdstf_/)
    expect(await outcome(await refreshWith(refresh))).toBe('200')
    expect(await outcome(await refreshWith(password))).toBe('401 UNAUTHORIZED')
    expect(await ask(refresh)).toBe('401 UNAUTHORIZED')
    expect(await outcome(await registry.api([name, refresh], 'GET', '/whoami'))).toBe('401 UNAUTHORIZED')
    const headers = { Authorization: `Bearer ${refresh}` }
    expect((await registry.fetch('/api/v1/whoami', { headers })).status).toBe(401)
    await expect(registry.token([name, refresh])).rejects.toThrow('401')
  })

  function refreshWith(token: string): Promise<Response> {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token })
    return world.registry.fetch('/token', { method: 'POST', body })
  }
})
