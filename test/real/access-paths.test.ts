import { connect } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'

import { startLocal, type Local } from '../../src/node/local.ts'
import { REGISTRY_ENDPOINTS, REPOSITORY_ENDPOINTS } from '../../src/routes/endpoints.ts'
import { API_ROOT } from '../../src/routes/api/api-root.ts'
import { API_ENDPOINTS } from '../../src/routes/api/endpoints.ts'
import { bytesOf, digestOf, imageOf, putManifest, pushBlob, type TestManifest } from '../suites/client.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'

/**
 * Request targets as no HTTP client would send them, byte for byte: none of them leads a stranger, or another user, to
 * what is in bob's private repository, and each is answered as the registry answers.
 */

const CONFIG = bytesOf(64)
const IMAGE: TestManifest = imageOf(CONFIG, [], { annotations: { secret: 'the-secret-of-bob' } })
const ANSWER_MS = 20_000
const SOCKETS = 8

let data: string
let local: Local
/** What stands in the header `Authorization` of each of them. */
let asWho: Readonly<Record<'a stranger' | 'alice, by token' | 'alice, by login', string>>
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  local = await startLocal({ data })
  const admin = `Basic ${btoa(`admin:${local.adminToken?.text ?? ''}`)}`
  const api = async (method: string, path: string, body: unknown) => {
    const response = await fetch(`${local.url}/api/v1${path}`, {
      method,
      headers: { Authorization: admin, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.ok).toBe(true)
    return response.text()
  }
  for (const name of ['alice', 'bob']) await api('POST', '/users', { name })
  const scopes = [{ repositories: '*', actions: ['pull', 'push', 'delete', 'admin'] }]
  const made = await api('POST', '/namespaces/alice/tokens', { name: 'all', scopes })
  const alice = `Basic ${btoa(`alice:${tokenIn(made)}`)}`

  const registry: RegistryUnderTest = {
    fetch: (path, init) => {
      const headers = new Headers(init?.headers)
      headers.set('Authorization', admin)
      return fetch(local.url + path, { ...init, redirect: 'manual', headers })
    },
    download: (location) => fetch(location),
    stop: () => Promise.resolve(),
  }
  for (const name of ['bob/private', 'alice/app']) {
    const image = name === 'bob/private' ? IMAGE : imageOf(CONFIG, [])
    await pushBlob(registry, name, CONFIG)
    expect((await putManifest(registry, name, 'v1', image)).status).toBe(201)
  }
  const scope = 'repository:alice/app:pull,push,delete'
  const issued = await fetch(`${local.url}/token?scope=${scope}`, { headers: { Authorization: alice } })
  asWho = { 'a stranger': '', 'alice, by token': `Bearer ${tokenIn(await issued.text())}`, 'alice, by login': alice }
})
afterAll(async () => {
  await local.stop()
  await rm(data, { recursive: true })
})

function tokenIn(text: string): string {
  return z.object({ token: z.string() }).parse(JSON.parse(text)).token
}

interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Sends the request line as it is; reads until the server closes. */
function send(method: string, target: string, authorization: string): Promise<Answer> {
  const { hostname, port, host } = new URL(local.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`No answer to ${method} ${target}`)))
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', ...rest] = text.split('\r\n\r\n')
      resolve({ status: Number(head.split(' ')[1] ?? 0), head, body: rest.join('\r\n\r\n') })
    })
    const login = authorization === '' ? '' : `Authorization: ${authorization}\r\n`
    socket.write(
      `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${login}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      'latin1',
    )
  })
}

const PARAMETERS: Readonly<Record<string, string>> = {
  session: 'd5a5d5f1-5b5c-4b0b-9d54-7d2f0c6f2b1f',
  digest: digestOf(CONFIG),
  reference: 'v1',
  tag: 'v1',
  user: 'bob',
  id: 'x',
}

/** Each path of the tables, with bob's name in it as `NAME` and `NAMESPACE`. */
const TARGETS: readonly (readonly [method: string, path: string])[] = [
  ...REGISTRY_ENDPOINTS.map(([path]) => ['GET', path] as const),
  ...REPOSITORY_ENDPOINTS.flatMap(([path, methods]) => Object.keys(methods).map((method) => [method, path] as const)),
  ...API_ENDPOINTS.map(({ method, path }) => [method, API_ROOT + path] as const),
].map(([method, path]) => [
  method,
  path
    .replace(':name+', 'NAME')
    .replace(':namespace', 'NAMESPACE')
    .replaceAll(/:(\w+)/g, (_, name: string) => PARAMETERS[name] ?? 'x'),
])

/** What stands where a repository's name belongs, all ways to write bob's. */
const NAMES = [
  'bob/private',
  'alice/app/../../bob/private',
  'alice/../bob/private',
  'alice/app/%2e%2e/%2e%2e/bob/private',
  'alice/app/%2E%2E/%2E./bob/private',
  'alice/app/..%2f..%2fbob/private',
  'alice%2f..%2fbob%2fprivate',
  'alice/..%5cbob%5cprivate',
  'alice\\..\\bob\\private',
  'alice/..\\bob/private',
  'bob%2fprivate',
  'bob%252fprivate',
  'bob//private',
  '/bob/private',
  './bob/./private',
  'bob/private/',
  'bob/private/.',
  'bob/private/x/..',
  'BOB/private',
  'Bob/Private',
  'bob/private;x',
  'bob;/private',
  'alice/app;/../../bob/private',
  'bob/private%00',
  'bob/%00private',
  'bob/private%20',
  'bob/private%0d%0aX-Evil:%201',
  'bob/priva%74e',
  '%62ob/private',
  'bob/privat%c3%a9',
  'bob/priv\xe9',
  'bob/private?x',
  'bob/private#x',
  'alice/app?/../../bob/private',
]

/** Where the whole target is written in another way. */
const WHOLES: readonly ((path: string, host: string) => string)[] = [
  (path) => `/${path}`,
  (path) => `//host${path}`,
  (path, host) => `http://${host}${path}`,
  (path) => `http://elsewhere.test${path}`,
  (path, host) => `http://alice:x@${host}${path}`,
  (path) => `/.${path}`,
  (path) => `/x/..${path}`,
  (path) => `/token/..${path}`,
  (path) => `/api/v1/openapi.json/../../..${path}`,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `${path}/.`,
  (path) => `${path}%00`,
  (path) => `${path};x=1`,
  (path) => `${path}?`,
  (path) => path.replaceAll('/', '//'),
  (path) => path.replaceAll('/', '%2f'),
  (path) => path.replaceAll('/', '\\'),
  (path) => path.replace(/v[12]/, (version) => version.toUpperCase()),
  (path) => path.replace(/v([12])/, '%76$1'),
  (path) => path.slice(1),
  () => '/',
  () => '',
]

function written(path: string, name = 'bob/private'): string {
  return path.replace('NAMESPACE', name.replace('/private', '')).replace('NAME', name)
}

function targets(who: keyof typeof asWho): [string, string][] {
  const { host } = new URL(local.url)
  const open = TARGETS.filter(([method, path]) => {
    const isV2 = path.startsWith('/v2/')
    // A short token is nothing to the API; and a login, which is looked up each time, costs some milliseconds.
    return who === 'a stranger' || (who === 'alice, by token' ? isV2 : !isV2 || method === 'GET')
  })
  const all = open.flatMap(([method, path]) => [
    ...(path.includes('NAME') ? NAMES.map((name) => `${method} ${written(path, name)}`) : []),
    ...WHOLES.map((write) => `${method} ${write(written(path), host)}`),
  ])
  return [...new Set(all)].map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])
}

/** What no answer may hold. */
function faultOf({ status, head, body }: Answer, method: string): string | null {
  if (status === 0) return 'no answer'
  if (status >= 500) return `answered ${status}`
  for (const secret of ['the-secret-of-bob', IMAGE.digest, `"name":"bob/private"`, String.fromCharCode(...CONFIG)])
    if (`${head}${body}`.includes(secret)) return 'shows what is private'
  if (/^X-Evil/im.test(head)) return 'has a header of the client'
  if (status < 400 || method === 'HEAD') return null
  if (!/^X-Request-Id:/im.test(head)) return status === 400 ? null : `answered ${status} by something else` // the server's own
  return /^\{"errors":\[\{"code":"[A-Z_]+","message":"/.test(body) ? null : `another error: ${body.slice(0, 80)}`
}

/** The path as a server reads it: what succeeds there is of the registry itself, or of alice. */
function tidied(target: string): string {
  return URL.canParse(target, local.url) ? new URL(target, local.url).pathname : target
}

describe.each(['a stranger', 'alice, by token', 'alice, by login'] as const)('%s', (who) => {
  test('reaches nothing of bob’s by any way to write a target', async () => {
    const queue = targets(who)
    const count = queue.length
    const faults: string[] = []
    const work = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const [method, target] = next
        const answer = await send(method, target, asWho[who])
        const fault = faultOf(answer, method)
        if (fault !== null) faults.push(`${method} ${target}: ${fault}`)
        if (answer.status < 400 && /bob/i.test(tidied(target))) faults.push(`${method} ${target}: ${answer.status}`)
      }
    }
    await Promise.all(Array.from({ length: SOCKETS }, work))
    expect(count).toBeGreaterThan(500)
    expect(faults.sort()).toEqual([])
  })
})

test('a target that workerd makes no URL of never reaches the Worker: it answers by itself, and says nothing', async () => {
  const { status, body } = await send('GET', '*', asWho['alice, by login'])
  expect([status >= 400, body]).toEqual([true, 'Internal Server Error'])
})

test('the owner of the registry does reach it by the plain path, and by what tidies up to it', async () => {
  const admin = `Basic ${btoa(`admin:${local.adminToken?.text ?? ''}`)}`
  for (const target of ['/v2/bob/private/manifests/v1', '/v2/alice/../bob/private/manifests/v1']) {
    const { status, body } = await send('GET', target, admin)
    expect([status, body]).toEqual([200, IMAGE.text])
  }
  const blob = await send('GET', `/v2/bob/private/blobs/${digestOf(CONFIG)}`, admin)
  expect(blob.status).toBe(307)
  expect(await (await fetch(/^location: (.*)$/im.exec(blob.head)?.[1] ?? '')).arrayBuffer()).toEqual(CONFIG.buffer)
})
