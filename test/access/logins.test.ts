import { beforeEach, describe, expect, test, vi } from 'vitest'

import { parseToken } from '../../src/auth/access-token.ts'
import { createAccountRegistry, basic, type AccountRegistry, type Login } from '../suites/account-registry.ts'
import { outcome } from '../suites/client.ts'
import { createRecordedStore, type RecordedStore } from './support/recorded-store.ts'

/** Logins that are wrong, odd or too many. */

let store: RecordedStore
let registry: AccountRegistry
let alice: readonly [name: string, token: string]
beforeEach(async () => {
  vi.spyOn(console, 'warn').mockReturnValue() // of other issuers' tokens
  store = createRecordedStore()
  registry = createAccountRegistry({ wrap: () => store.objects })
  alice = await registry.addUser('alice')
  store.taken()
})

const WITH_ITS_ID = 'alice, with a known id'

/** The three doors that take a login. */
const DOORS = ['/token', '/api/v1/whoami', '/v2/'] as const

function knock(path: string, authorization: string, from = '192.0.2.1'): Promise<Response> {
  return registry.fetch(path, { headers: { Authorization: authorization, 'CF-Connecting-IP': from } })
}

const ask = (path: string, login: Login, from?: string) => knock(path, basic(login)['Authorization'] ?? '', from)

/** A token of the right form that this registry has never given out. */
async function strangeToken(): Promise<string> {
  const other = createAccountRegistry()
  await other.addUser('alice')
  return (await other.addToken('alice', ['*:pull'])).login[1]
}

describe.each(DOORS)('%s', (door) => {
  test('an unknown user and a wrong token: the same answer, and the same calls of storage', async () => {
    const wrong = await strangeToken()
    const { id = '' } = parseToken(wrong) ?? {}
    const answers: string[] = []
    const record = await registry.accounts.accessTokens.get(parseToken(alice[1])?.id ?? '')
    for (const name of ['alice', 'nobody', 'admin', 'x'.repeat(500), WITH_ITS_ID]) {
      // The id of a token that there is, with another secret.
      if (name === WITH_ITS_ID && record !== null) await registry.accounts.accessTokens.put(id, record)
      store.taken()
      const login = [name === WITH_ITS_ID ? 'alice' : name, wrong] as const
      const response = await ask(door, login)
      const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
      const calls = store.taken().map(({ operation, key }) => `${operation} ${key}`)
      answers.push(JSON.stringify([response.status, headers, await response.text(), calls]))
    }
    expect(answers[0]).toContain('UNAUTHORIZED')
    expect(answers[0]).toContain(`["get accounts/tokens/${id}"]`)
    expect(new Set(answers).size).toBe(1)
  })

  test('a right token under a wrong name is refused in those words, too', async () => {
    const unknown = await (await ask(door, ['alice', await strangeToken()])).text()
    const root = await registry.addUser('root')
    for (const login of [
      ['bob', alice[1]],
      ['Alice', alice[1]],
      ['', alice[1]],
      ['admin', alice[1]],
      ['oidc', alice[1]],
      ['alice ', alice[1]],
      ['alice', root[1]],
    ] as const) {
      const response = await ask(door, login)
      expect(response.status).toBe(401)
      expect(await response.text()).toBe(unknown)
    }
  })

  test.each([
    ['a letter changed', (text: string) => text.slice(0, 30) + (text[30] === 'a' ? 'b' : 'a') + text.slice(31)],
    ['cut short', (text: string) => text.slice(0, -1)],
    ['one letter more', (text: string) => `${text}a`],
    ['another kind', (text: string) => text.replace('rdstp_', 'rdstr_')],
    ['in capitals', (text: string) => text.toUpperCase()],
    ['empty', () => ''],
    ['a path', () => '../../accounts/tokens/x'],
    ['a password', () => 'correct horse battery staple'],
  ])('a token that is %s asks storage nothing', async (_, change) => {
    expect(await outcome(await ask(door, ['alice', change(alice[1])]))).toBe('401 UNAUTHORIZED')
    expect(store.taken()).toEqual([])
  })

  test.each([
    'Basic',
    'Basic ',
    'Basic !!!!',
    'Basic YWxpY2U=', // alice, no colon
    'Basic Og==', // a colon alone
    'Basic OjpgOg==',
    'Basic /////w==', // no UTF-8
    'Basic YWxpY2U6YQ== YWxpY2U6YQ==',
    `Basic ${btoa('alice:\r\nX-Evil: 1')}`,
    `Basic ${btoa('alice:\0')}`,
    `Basic ${'QUFB'.repeat(5000)}`,
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Digest username="alice"',
    'Negotiate YII=',
    'basic',
    ',',
  ])('%s: refused, and storage is not asked', async (authorization) => {
    expect(await outcome(await knock(door, authorization))).toBe('401 UNAUTHORIZED')
    expect(store.taken()).toEqual([])
  })

  test('two logins are none', async () => {
    const [first = '', second = ''] = [alice, registry.admin].map((login) => basic(login)['Authorization'])
    for (const pair of [
      [first, second],
      [second, first],
      [first, first],
      [first, 'Bearer x'],
    ]) {
      const headers = new Headers()
      for (const value of pair) headers.append('Authorization', value)
      expect(await outcome(await registry.fetch(door, { headers }))).toBe('401 UNAUTHORIZED')
      expect(store.taken()).toEqual([])
    }
  })

  test('the scheme in any letters, and more than one space', async () => {
    const text = btoa(alice.join(':'))
    for (const value of [`basic ${text}`, `BASIC ${text}`, `Basic   ${text}`, `Basic ${text}  `])
      expect((await knock(door, value)).status).toBe(200)
  })
})

describe('too many failed logins', () => {
  const wrong: Login = ['alice', 'wrong']

  test.each(['/token', '/api/v1/whoami'])('%s: the 21st in a minute has to wait', async (door) => {
    for (let count = 1; count <= 20; count++) expect(await outcome(await ask(door, wrong))).toBe('401 UNAUTHORIZED')
    const refused = await ask(door, wrong)
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(refused.headers.get('WWW-Authenticate')).toBeNull()
    expect(await outcome(refused)).toBe('429 TOOMANYREQUESTS')
    expect(await outcome(await ask(door, wrong, '192.0.2.2'))).toBe('401 UNAUTHORIZED')
    expect((await ask(door, alice)).status).toBe(200)
    expect((await registry.fetch('/token', { headers: { 'CF-Connecting-IP': '192.0.2.1' } })).status).toBe(200)
    registry.pass(60)
    expect(await outcome(await ask(door, wrong))).toBe('401 UNAUTHORIZED')
  })

  test('a form counts, and the two doors count together', async () => {
    const form = { grant_type: 'password', username: 'alice', password: 'wrong' }
    const headers = { 'CF-Connecting-IP': '192.0.2.1' }
    const post = () => registry.fetch('/token', { method: 'POST', body: new URLSearchParams(form), headers })
    for (let count = 1; count <= 10; count++) {
      expect((await post()).status).toBe(401)
      expect((await ask('/api/v1/whoami', wrong)).status).toBe(401)
    }
    expect((await post()).status).toBe(429)
    expect((await ask('/api/v1/whoami', wrong)).status).toBe(429)
  })

  test('a refresh token that is wrong counts', async () => {
    const body = () => new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'wrong' })
    const statuses: number[] = []
    for (let count = 1; count <= 21; count++)
      statuses.push((await registry.fetch('/token', { method: 'POST', body: body() })).status)
    expect(statuses.slice(19)).toEqual([401, 429])
  })

  test('/v2 never makes anybody wait, and who may not is not counted', async () => {
    for (let count = 1; count <= 25; count++) {
      expect((await ask('/v2/', wrong)).status).toBe(401)
      expect((await ask('/v2/bob/app/tags/list', alice)).status).toBe(403)
      expect((await ask('/api/v1/users', alice)).status).toBe(403)
      expect((await registry.fetch('/api/v1/users', { headers: { 'CF-Connecting-IP': '192.0.2.1' } })).status).toBe(401)
    }
    expect(await outcome(await ask('/token', wrong))).toBe('401 UNAUTHORIZED')
  })
})
