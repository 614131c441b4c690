import { SignJWT } from 'jose'
import { expect, test } from 'vitest'

import { FULL_GRANTS } from '../../src/auth/permission.ts'
import { createShortTokens, SHORT_TOKEN_SECONDS, WORKLOAD_REFRESH_SECONDS } from '../../src/auth/short-token.ts'
import { parseNamespaceName } from '../../src/oci/namespace.ts'

const NOW = new Date('2026-11-24T12:00:00Z')
const after = (seconds: number) => new Date(NOW.getTime() + 1000 * seconds)
const SERVICE = 'registry.test'
const TOKEN = {
  name: 'alice',
  bearer: {
    kind: 'user',
    name: parseNamespaceName('alice'),
    id: 'first',
    administrator: false,
    token: { id: '0123456789abcdef', name: 'laptop', grants: FULL_GRANTS, expiresAt: null },
  },
  granted: [{ type: 'repository', name: 'alice/app', actions: ['pull', 'push'] }],
  refused: [{ type: 'repository', name: 'bob/app', actions: ['pull'] }],
} as const
const WORKLOAD = { iss: 'https://ci.test', sub: 'job', aud: SERVICE, repository: 'acme/app' }

test('what is signed is read back, until it expires and for its service alone', async () => {
  const tokens = createShortTokens(['a secret'])
  const text = await tokens.sign(TOKEN, SERVICE, NOW)
  expect(await tokens.verify(text, SERVICE, after(-20))).toEqual(TOKEN) // a clock that is a little behind
  expect(await tokens.verify(text, SERVICE, after(SHORT_TOKEN_SECONDS - 1))).toEqual(TOKEN)
  expect(await tokens.verify(text, SERVICE, after(SHORT_TOKEN_SECONDS))).toBeNull()
  expect(await tokens.verify(text, SERVICE, after(-60))).toBeNull()
  expect(await tokens.verify(text, 'other.test', NOW)).toBeNull()
})

test('a secret is replaced without ending what was signed with the one before', async () => {
  const [before, between, later] = [['one'], ['two', 'one'], ['three', 'two']].map((secrets) =>
    createShortTokens(secrets),
  )
  const text = await before?.sign(TOKEN, SERVICE, NOW)
  expect(await between?.verify(text ?? '', SERVICE, NOW)).toEqual(TOKEN)
  expect(await later?.verify(text ?? '', SERVICE, NOW)).toBeNull()
  const next = await between?.sign(TOKEN, SERVICE, NOW)
  expect(await before?.verify(next ?? '', SERVICE, NOW)).toBeNull()
  expect(await later?.verify(next ?? '', SERVICE, NOW)).toEqual(TOKEN)
})

test('a workload is remembered for an hour, and the two kinds are never taken for one another', async () => {
  const tokens = createShortTokens(['a secret'])
  const refresh = await tokens.signWorkload(WORKLOAD, SERVICE, NOW)
  expect(await tokens.verifyWorkload(refresh, SERVICE, after(WORKLOAD_REFRESH_SECONDS - 1))).toEqual(WORKLOAD)
  expect(await tokens.verifyWorkload(refresh, SERVICE, after(WORKLOAD_REFRESH_SECONDS))).toBeNull()
  expect(await tokens.verify(refresh, SERVICE, NOW)).toBeNull()
  expect(await tokens.verifyWorkload(await tokens.sign(TOKEN, SERVICE, NOW), SERVICE, NOW)).toBeNull()
})

test.each(['', 'a', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', '..'])('%j is no token', async (text) => {
  const tokens = createShortTokens(['a secret'])
  expect(await tokens.verify(text, SERVICE, NOW)).toBeNull()
  expect(await tokens.verifyWorkload(text, SERVICE, NOW)).toBeNull()
})

test('the secret itself signs nothing', async () => {
  const text = await new SignJWT({ ...TOKEN, access: TOKEN.granted, sub: 'alice' })
    .setProtectedHeader({ alg: 'HS256', typ: 'roadstead-access+jwt' })
    .setIssuer(SERVICE)
    .setAudience(SERVICE)
    .setExpirationTime(after(60))
    .sign(new TextEncoder().encode('a secret'))
  expect(await createShortTokens(['a secret']).verify(text, SERVICE, NOW)).toBeNull()
})

test('without a secret nothing is signed', () => {
  expect(() => createShortTokens([])).toThrow('there is no secret')
})
