import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { examine } from '../../src/cli/roadstead/doctor/examine.ts'
import { textOf, type OutsideFinding } from '../../src/cli/roadstead/doctor/finding.ts'
import { startLocal, type Local } from '../../src/node/local.ts'
import { makeFolder } from './support/doctor-folder.ts'
import { refusal, startLyingFront, withBody, withHeaders, type FrontAnswer, type Lie } from './support/lying-front.ts'

const folder = makeFolder()
let local: Local
beforeAll(async () => {
  local = await startLocal({ data: join(folder.path, 'closed') })
})
afterAll(async () => {
  await local.stop()
  folder.remove()
})

function admin() {
  return { username: 'admin', token: local.adminToken?.text ?? '' }
}

async function findingsAt(
  registry: string,
  options: {
    readonly login?: 'admin' | null
    readonly large?: boolean
    readonly timeoutMs?: number
    readonly staleMs?: number
  } = {},
): Promise<{ readonly findings: readonly OutsideFinding[]; readonly complete: boolean; readonly text: string }> {
  const findings: OutsideFinding[] = []
  const complete = await examine(
    {
      registry,
      login: options.login === null ? null : admin(),
      network: {
        resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
        ca: null,
        timeoutMs: options.timeoutMs ?? 10_000,
      },
      signal: new AbortController().signal,
      repository: null,
      large: options.large === true,
      staleMs: options.staleMs ?? 400,
    },
    (finding) => findings.push(finding),
  )
  return { findings, complete, text: findings.map(textOf).join('\n') }
}

function notOk(findings: readonly OutsideFinding[]): string[] {
  return findings.filter(({ verdict }) => verdict !== 'ok').map(({ verdict, name }) => `${verdict} ${name}`)
}

async function repositories(): Promise<unknown> {
  const headers = { Authorization: `Basic ${btoa(`admin:${admin().token}`)}` }
  const response = await fetch(`${local.url}/api/v1/repositories`, { headers })
  return response.json()
}

describe('the local registry', () => {
  test('with a login: all is well, and nothing stays', async () => {
    const { findings, complete, text } = await findingsAt(local.url)
    expect(notOk(findings), text).toEqual([])
    expect(complete).toBe(true)
    expect(findings.map(({ name }) => name)).toEqual([
      ...['dns', 'tls', 'registry', 'challenge', 'realm', 'api-version', 'request-id', 'healthz', 'readyz', 'clock'],
      ...['login', 'wrong-password', 'upload-location', 'push', 'wrong-digest', 'body-limit'],
      ...['redirect', 'storage', 'range', 'resume', 'pull', 'head', 'compression', 'cache', 'strangers'],
      ...['tag-move', 'tag-delete', 'cors', 'clean-up'],
    ])
    expect(await repositories()).toEqual({ items: [] })
  })

  test('without a login: pushes are not tried, and it says why', async () => {
    const { findings, text } = await findingsAt(local.url, { login: null })
    expect(notOk(findings)).toEqual(['warn push'])
    expect(text).toContain(
      'warn  push: pushes and pulls are not tried: there is no login\n      roadstead login, or --username',
    )
  })

  test('an open one: all is well without a login', async () => {
    const open = await startLocal({ data: join(folder.path, 'open'), open: true })
    try {
      const { findings, text } = await findingsAt(open.url, { login: null })
      expect(notOk(findings), text).toEqual([])
      expect(findings.map(({ name }) => name)).toContain('clean-up')
    } finally {
      await open.stop()
    }
  })

  test('through a proxy that tells the truth: all is well', async () => {
    const { origin } = await startLyingFront(local, (_, honest) => honest())
    const { findings, text } = await findingsAt(origin, { large: false })
    expect(notOk(findings), text).toEqual([])
  })
})

/** Lies about what the condition holds for, and passes the rest on. */
function about(
  applies: (request: Parameters<Lie>[0]) => boolean,
  lie: (answer: FrontAnswer, request: Parameters<Lie>[0]) => FrontAnswer,
): () => Lie {
  return () => async (request, honest) => (applies(request) ? lie(await honest(), request) : honest())
}

/** The registry counts failed logins, and has not so many: the wrong one is refused by the front. */
function withFewFailures(lie: Lie): Lie {
  return (request, honest) => lie(request, () => (isWrongLogin(request) ? Promise.resolve(refusal(401)) : honest()))
}

const isWrongLogin = ({ url }: Parameters<Lie>[0]) => url.pathname === '/token' && !url.searchParams.has('scope')
const isTag = (path: string) => path.includes('/manifests/doctor-')
const isManifest = (path: string) => path.includes('/manifests/sha256:')

/** Remembers the first answer to a GET of a tag, while the condition holds. */
function staleTag(while_: (deleted: boolean) => boolean): Lie {
  let [kept, deleted]: [FrontAnswer | null, boolean] = [null, false]
  return async (request, honest) => {
    if (!isTag(request.url.pathname)) return honest()
    if (request.method === 'DELETE') deleted = true
    if (request.method !== 'GET') return honest()
    if (kept !== null && while_(deleted)) return kept
    const answer = await honest()
    if (answer.status === 200) kept = answer
    return answer
  }
}

test.each<[what: string, lie: () => Lie, found: readonly string[], todo: RegExp]>([
  [
    'no /healthz',
    about(
      ({ url }) => url.pathname === '/healthz',
      () => refusal(404),
    ),
    ['warn healthz'],
    /update Roadstead/,
  ],
  [
    'storage that /readyz does not reach',
    about(
      ({ url }) => url.pathname === '/readyz',
      (answer) => ({
        ...withBody(answer, new TextEncoder().encode('{"status":"unavailable","storage":"unreachable","tags":"ok"}')),
        status: 503,
      }),
    ),
    ['fail readyz'],
    /npm run doctor/,
  ],
  [
    'a clock that is 10 minutes ahead',
    about(
      () => true,
      (answer) => withHeaders(answer, { date: new Date(Date.now() + 600_000).toUTCString() }),
    ),
    ['fail clock'],
    /NTP/,
  ],
  [
    'a clock that is 2 minutes behind',
    about(
      () => true,
      (answer) => withHeaders(answer, { date: new Date(Date.now() - 120_000).toUTCString() }),
    ),
    ['warn clock'],
    /NTP/,
  ],
  [
    'a realm of another origin',
    about(
      ({ url }) => url.pathname === '/v2/',
      (answer) =>
        answer.status === 401
          ? withHeaders(answer, {
              'www-authenticate': (answer.headers['www-authenticate'] ?? '').replace(/127\.0\.0\.1:\d+/, 'other.test'),
            })
          : answer,
    ),
    ['fail realm'],
    /set PUBLIC_ORIGIN=http:\/\/127\.0\.0\.1:\d+ /,
  ],
  [
    'no challenge',
    about(
      ({ url }) => url.pathname === '/v2/',
      (answer) => withHeaders(answer, { 'www-authenticate': null }),
    ),
    ['fail challenge'],
    /WWW-Authenticate|this header/,
  ],
  [
    'headers taken out',
    about(
      () => true,
      (answer) => withHeaders(answer, { 'docker-distribution-api-version': null, 'x-request-id': null }),
    ),
    ['warn api-version', 'warn request-id'],
    /which proxy/,
  ],
  ['another site', () => () => refusal(404), ['fail registry'], /address of a registry/],
  ['a registry that fails', () => () => refusal(500), ['fail registry'], /wrangler tail/],
  [
    'a redirect to another address',
    () => () => ({
      status: 301,
      headers: { location: 'https://www.other.test/v2/?token=secret' },
      body: new Uint8Array(0),
    }),
    ['fail registry'],
    /use that address/,
  ],
  [
    'any password taken',
    () => (request, honest) => {
      return isWrongLogin(request)
        ? { status: 200, headers: {}, body: new TextEncoder().encode('{"token":"x"}') }
        : honest()
    },
    ['fail wrong-password'],
    /let in as anybody/,
  ],
  [
    'a login that is refused',
    about(
      ({ url }) => url.pathname === '/token',
      () => refusal(401, 'UNAUTHORIZED'),
    ),
    ['fail login', 'warn push'],
    /roadstead login again/,
  ],
  [
    'uploads that go on elsewhere',
    about(
      ({ method }) => method === 'POST',
      (answer, { url }) =>
        withHeaders(answer, {
          location: new URL(answer.headers['location'] ?? '', url).href.replace('http:', 'https:'),
        }),
    ),
    ['fail upload-location'],
    /PUBLIC_ORIGIN/,
  ],
  [
    'wrong bytes taken',
    about(
      ({ method, body }) => method === 'PUT' && body.length === 100,
      (answer) => ({ ...answer, status: 201 }),
    ),
    ['fail wrong-digest'],
    /push nothing there/,
  ],
  [
    'bodies above 1 MiB refused',
    () => (request, honest) => (request.body.length > 2 ** 20 ? refusal(413) : honest()),
    ['fail body-limit'],
    /client_max_body_size/,
  ],
  [
    'a redirect to where nobody listens',
    about(
      ({ url, toStorage }) => url.pathname.includes('/blobs/') && !toStorage,
      (answer) =>
        answer.status === 307
          ? withHeaders(answer, { location: 'http://127.0.0.1:1/x?X-Amz-Signature=secret' })
          : answer,
    ),
    ['fail storage'],
    /clients must reach the storage/,
  ],
  [
    'a storage that refuses the signature',
    about(
      ({ toStorage }) => toStorage,
      () => refusal(403),
    ),
    ['fail storage'],
    /BLOB_REDIRECT_ORIGIN/,
  ],
  [
    'a storage with other bytes',
    about(
      ({ toStorage }) => toStorage,
      (answer) =>
        withBody(
          answer,
          answer.body.map((byte) => byte ^ 1),
        ),
    ),
    ['fail storage'],
    /turn off what rewrites/,
  ],
  [
    'Range ignored',
    () => (request, honest) => {
      if (request.toStorage) delete (request.headers as Record<string, string>)['range']
      return honest()
    },
    ['fail range', 'fail resume'],
    /pass Range on/,
  ],
  [
    'manifests compressed',
    about(
      ({ url, headers, method }) =>
        isManifest(url.pathname) && method === 'GET' && headers['accept-encoding'] !== undefined,
      (answer) => withHeaders(withBody(answer, gzipSync(answer.body)), { 'content-encoding': 'gzip' }),
    ),
    ['fail compression'],
    /Compression Rule/,
  ],
  [
    'HEAD with another type',
    about(
      ({ method, url }) => method === 'HEAD' && isManifest(url.pathname),
      (answer) => withHeaders(answer, { 'content-type': 'text/html' }),
    ),
    ['fail head'],
    /rewrites or compresses/,
  ],
  [
    'another manifest',
    about(
      ({ method, url }) => method === 'GET' && isManifest(url.pathname),
      (answer) => withBody(answer, new TextEncoder().encode('{}')),
    ),
    ['fail pull', 'fail head'],
    /rewrites or compresses/,
  ],
  [
    'answers for shared caches',
    about(
      ({ method, url }) => method === 'GET' && isManifest(url.pathname),
      (answer) => withHeaders(answer, { 'cache-control': 'public, max-age=600' }),
    ),
    ['fail cache'],
    /private images to everybody/,
  ],
  [
    'a cache that gives private images away',
    () => {
      const kept = new Map<string, FrontAnswer>()
      return async (request, honest) => {
        const key = request.url.pathname
        if (request.method !== 'GET' || !isManifest(key)) return honest()
        if (request.headers['authorization'] === undefined) return kept.get(key) ?? honest()
        const answer = await honest()
        kept.set(key, answer)
        return answer
      }
    },
    ['fail strangers'],
    /Cache Everything/,
  ],
  ['a tag that does not move', () => staleTag((deleted) => !deleted), ['fail tag-move'], /TAG_READS=fresh/],
  ['a tag that does not go', () => staleTag((deleted) => deleted), ['fail tag-delete'], /TAG_READS=fresh/],
  [
    'no DELETE of manifests',
    () => (request, honest) =>
      request.method === 'DELETE' && !isTag(request.url.pathname) ? refusal(405, 'UNSUPPORTED') : honest(),
    ['fail clean-up'],
    /remove it: roadstead repo rm admin\/roadstead-doctor-[0-9a-f]{12}; see that .* lets DELETE through/,
  ],
  [
    'no removal of repositories',
    () => (request, honest) =>
      request.method === 'DELETE' && request.url.pathname.startsWith('/api/') ? refusal(403) : honest(),
    ['warn clean-up'],
    /roadstead repo rm admin\/roadstead-doctor-/,
  ],
])('%s', async (_, lie, found, todo) => {
  const { origin } = await startLyingFront(local, withFewFailures(lie()))
  const { findings, text } = await findingsAt(origin)
  expect(notOk(findings), text).toEqual(found)
  const todos = findings.map((finding) => finding.todo ?? '').join('\n')
  expect(todos).toMatch(todo)
  for (const { verdict, todo: line } of findings) expect(line === undefined).toBe(verdict === 'ok')
  expectNoSecrets(text)
})

test('what sends no answer is waited for no longer than it was told to', async () => {
  const { origin } = await startLyingFront(local, (request, honest) =>
    request.url.pathname === '/healthz' ? new Promise(() => undefined) : honest(),
  )
  const { findings, text } = await findingsAt(origin, { timeoutMs: 1000, login: null })
  expect(notOk(findings)).toEqual(['fail healthz', 'warn push'])
  expect(text).toMatch(/healthz: 127\.0\.0\.1:\d+ has not answered within 1 s\n {6}.*--timeout/)
})

test('a tag that moves late, within the bound, is to know of', async () => {
  let pushes = 0
  let since = 0
  const stale = staleTag(() => pushes > 1 && Date.now() - since < 3_000)
  const { origin } = await startLyingFront(local, (request, honest) => {
    if (request.method === 'PUT' && isTag(request.url.pathname)) [pushes, since] = [pushes + 1, Date.now()]
    return withFewFailures(stale)(request, honest)
  })
  const { findings, text } = await findingsAt(origin, { staleMs: 20_000 })
  expect(notOk(findings), text).toEqual(['warn tag-move'])
  expect(text).toMatch(
    /tag-move: a tag that was moved: it points to the new manifest only after \d s\n {6}the bound is 20 s/,
  )
})

test('with --large: a limit of 100 MB is found, and what it means', async () => {
  const { origin } = await startLyingFront(
    local,
    withFewFailures((request, honest) =>
      Number(request.headers['content-length'] ?? 0) > 100_000_000 ? refusal(413) : honest(),
    ),
  )
  const { findings, text } = await findingsAt(origin, { large: true })
  expect(notOk(findings), text).toEqual(['warn large-body'])
  expect(text).toMatch(
    /101 MiB in one request are refused \((413|the connection is cut)\)\n {6}docker and podman cannot/,
  )
})

function expectNoSecrets(text: string): void {
  expect(text).not.toContain(admin().token)
  expect(text).not.toContain(btoa(`admin:${admin().token}`))
  expect(text).not.toMatch(/X-Amz-|Signature=|state=|eyJ/i)
  expect(text).not.toContain('secret')
}
