import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { outcomeOf } from '../fuzz/support/answers.ts'
import { IMAGE, KNOWN, REFERRER, SECRET_DIGESTS } from '../fuzz/support/content.ts'
import { latin1, rawRequest, sendRaw } from '../fuzz/support/raw-http.ts'
import { answered, expectAnswer, isFromRegistry, openReal, type RealRegistry } from '../fuzz/support/real.ts'
import { fuzzedRequest, type FuzzedRequest } from '../fuzz/support/requests.ts'
import { runs } from '../fuzz/support/runs.ts'
import { digestOf, imageOf, outcome, pushBlob, putManifest } from '../suites/client.ts'

/** What no HTTP client would send: bytes on a connection, to workerd behind the listener that users reach. */

let registry: RealRegistry
beforeAll(async () => {
  registry = await openReal()
})
afterAll(() => registry.stop())

async function expectAllThere(): Promise<void> {
  for (const digest of SECRET_DIGESTS.slice(0, 2))
    expect((await registry.fetch(`/v2/secret/app/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200)
}

describe('requests at random', () => {
  /** What would take the secret away itself is let out: it is looked for in the end. */
  const inside = ({ method, path }: FuzzedRequest) => !(method === 'DELETE' && path.includes('secret'))
  /** Of other characters workerd has its own opinion. */
  const plain = ({ method, path, headers }: FuzzedRequest) =>
    /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|PROPFIND|MKCOL|COPY)$/.test(method) &&
    /^[\w.~:/?@!$&'()*+,;=%{}-]*$/.test(path) &&
    Object.values(headers).every((value) => /^[ -~]*$/.test(value))

  test('get a sound answer', async () => {
    const statuses = new Set<number>()
    const property = fc.asyncProperty(fuzzedRequest(KNOWN).filter(inside), async (request) => {
      const answer = await registry.ask(request)
      const cut = request.body?.how === 'broken' || 'Content-Length' in request.headers
      expectAnswer(answer, request, cut || !plain(request))
      statuses.add(answer?.status ?? 0)
    })
    await fc.assert(property, runs(300))
    for (const status of [200, 201, 202, 307, 400, 404, 405]) expect([...statuses]).toContain(status)
    await expectAllThere()
  })

  test('whose head is torn and twisted are refused, or get a sound answer', async () => {
    const line = fc.constantFrom(
      ...['Content-Length: 0', 'Content-Length: 5', 'Content-Length: 1e1', 'Content-Length: -1', 'Content-Length:'],
      ...[
        'Transfer-Encoding: chunked',
        'Transfer-Encoding: gzip',
        'Transfer-Encoding: chunked, chunked',
        'Host: other',
      ],
      ...[
        'Content-Range: 0-4',
        'Content-Range: 0-4\r\nContent-Range: 5-9',
        'Range: bytes=0-0, 1-1',
        'Expect: 100-continue',
      ],
      ...[
        'Connection: upgrade\r\nUpgrade: websocket',
        'Upgrade: h2c',
        'X: a\r\n b',
        'X',
        ': x',
        'X Y: z',
        'X:\0',
        'X: \x80\xff',
      ],
      ...[`X: ${'a'.repeat(20_000)}`, 'CF-Ray:', 'If-None-Match: *', 'Content-Type: a\r\nContent-Type: b'],
    )
    const property = fc.asyncProperty(
      fuzzedRequest(KNOWN).filter(inside),
      fc.array(line, { maxLength: 3 }),
      fc.option(fc.tuple(fc.nat(), fc.nat(255))),
      async (request, lines, flip) => {
        const { bytes } = rawRequest(
          { ...request, path: request.path.replace(/^\{\d\}/, '/v2/mine/blobs/uploads/x?') },
          lines,
        )
        if (flip !== null) bytes[flip[0] % bytes.length] = flip[1]
        // The client says no more: whoever waits for the rest sees the end.
        const answer = await sendRaw(registry.port, bytes, true)
        if (answer?.status === 500 && isPlatforms(bytes)) return
        const [method = ''] = new TextDecoder('latin1').decode(bytes).split(' ', 1) // the flip may have hit it
        expectAnswer(answer, { ...request, method }, true)
      },
    )
    await fc.assert(property, runs(200))
    expect(await outcome(await registry.fetch('/v2/'))).toBe('200')
    await expectAllThere()
  })

  /** workerd itself answers a host that makes no URL, and a tunnel, with a 500; the platform's edge refuses both. */
  function isPlatforms(bytes: Uint8Array): boolean {
    const head = new TextDecoder('latin1').decode(bytes)
    return head.startsWith('CONNECT ') || !/\r\nhost: localhost\r\n/i.test(head) || /host: other/i.test(head)
  }
})

const text = (content: string) => new TextEncoder().encode(content)
const EMPTY = digestOf('')

describe('a request as no client sends it', () => {
  test.each(
    [
      ['GET /v2/ HTTP/1.1', '200'],
      ['GET http://elsewhere/v2/_catalog HTTP/1.1', '200'],
      ['GET /v2/mine/../_catalog HTTP/1.1', '200'],
      ['GET /v2/x/%2e%2E/_catalog HTTP/1.1', '200'],
      ['GET /v2/mine%2Fx/tags/list HTTP/1.1', '400 NAME_INVALID'],
      ['GET /v2/m%69ne/tags/list HTTP/1.1', '400 NAME_INVALID'],
      ['GET /v2/mine%00/tags/list HTTP/1.1', '400 NAME_INVALID'],
      ['GET /v2/%zz/tags/list?n=%zz HTTP/1.1', '400 NAME_INVALID'],
      [`GET /v2/mine/manifests/${IMAGE.digest.replace(':', '%3A')} HTTP/1.1`, '404 MANIFEST_UNKNOWN'],
      ['GET /v2//mine/tags/list HTTP/1.1', '400 NAME_INVALID'],
      ['GET //v2/_catalog HTTP/1.1', '404 UNSUPPORTED'],
      [`GET /v2/${'a/'.repeat(20_000)}tags/list HTTP/1.1`, '400 NAME_INVALID'],
      [`GET /v2/mine/manifests/${'t'.repeat(40_000)} HTTP/1.1`, '404 MANIFEST_UNKNOWN'],
      [`GET /v2/_catalog?n=1&x=${'%41'.repeat(10_000)} HTTP/1.1`, '200'],
      [`GET /v2/mine/tags/list?last=${'z'.repeat(30_000)} HTTP/1.1`, '200'],
      ['OPTIONS * HTTP/1.1', '404 UNSUPPORTED'],
      ['TRACE /v2/ HTTP/1.1', '405 UNSUPPORTED'],
      ['PROPFIND /v2/ HTTP/1.1', '405 UNSUPPORTED'],
    ].map(([line = '', want = '']) => ({ name: line.slice(0, 60), line, want })),
  )('$name: $want', async ({ line, want }) => {
    const answer = await sendRaw(registry.port, latin1(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`))
    expect(answer && outcomeOf(answer)).toBe(want)
  })

  test.each(
    (
      [
        ['get /v2/ HTTP/1.1\r\nHost: localhost', 501],
        ['GET v2/ HTTP/1.1\r\nHost: localhost', 400],
        ['GET /v2/mi\0ne/tags/list HTTP/1.1\r\nHost: localhost', 400],
        ['GET /v2/min\xe9/tags/list HTTP/1.1\r\nHost: localhost', 400],
        ['GET /v2/ HTTP/1.1', 400],
        ['GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: a\0b', 400],
        ['GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX y: z', 400],
        [`GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(1_000_000)}`, 431],
        ['POST /v2/mine/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1e1', 400],
        ['POST /v2/mine/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1', 400],
        ['POST /v2/mine/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2', 400],
        [`POST /v2/mine/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${'9'.repeat(30)}`, 400],
      ] as const
    ).map(([head, status]) => ({ name: head.slice(0, 90).replaceAll('\r\n', ' | '), head, status })),
  )('$name never reaches the registry', async ({ head, status }) => {
    const answer = await sendRaw(registry.port, latin1(`${head}\r\nConnection: close\r\n\r\n`))
    expect(answer?.status).toBe(status)
    expect(answer && isFromRegistry(answer)).toBe(false)
  })

  const put = { method: 'PUT', path: '/v2/mine/manifests/cut', headers: { 'Content-Type': IMAGE.mediaType } }
  const post = { method: 'POST', path: `/v2/mine/blobs/uploads/?digest=${digestOf('cut')}`, headers: {} }
  test.each<readonly [string, FuzzedRequest, readonly string[], string]>([
    ['a manifest that ends early', { ...put, body: { bytes: text('{}'), how: 'broken' } }, [], '400 MANIFEST_INVALID'],
    ['a blob that ends early', { ...post, body: { bytes: text('cut'), how: 'broken' } }, [], '400 BLOB_UPLOAD_INVALID'],
    [
      'a chunk that ends early',
      { ...post, method: 'PATCH', path: '{0}', body: { bytes: text('cut'), how: 'broken' } },
      [],
      '400 BLOB_UPLOAD_INVALID',
    ],
    [
      'a manifest of a length that nobody has',
      { ...put, body: null },
      ['Content-Length: 9007199254740993'],
      '413 SIZE_INVALID',
    ],
    [
      'a client that waits to be asked',
      { ...post, body: { bytes: text('cut'), how: 'whole' } },
      ['Expect: 100-continue'],
      '201',
    ],
    ['a length said twice', { ...post, body: { bytes: text('cut'), how: 'whole' } }, ['Content-Length: 3'], '201'],
    [
      'an empty body in chunks',
      { ...post, path: post.path.replace(digestOf('cut'), EMPTY), body: { bytes: text(''), how: 'in pieces' } },
      [],
      '201',
    ],
  ])('%s', async (_, request, more, want) => {
    const answer = await registry.ask(request, more)
    expect(answer && outcomeOf(answer)).toBe(want)
    expect((await registry.fetch('/v2/mine/manifests/cut')).status).toBe(404)
  })
})

/** The same request about a secret and about what is nowhere: the answers may differ in the digest alone. */
test.each([
  ['GET', '/v2/mine/blobs/<digest>', null],
  ['HEAD', '/v2/mine/blobs/<digest>', null],
  ['DELETE', '/v2/mine/blobs/<digest>', null],
  ['GET', '/v2/mine/manifests/<digest>', null],
  ['HEAD', '/v2/mine/manifests/<digest>', null],
  ['DELETE', '/v2/mine/manifests/<digest>', null],
  ['GET', '/v2/mine/referrers/<digest>', null],
  ['POST', '/v2/mine/blobs/uploads/?digest=<digest>', { bytes: text('no proof'), how: 'whole' }],
  ['POST', '/v2/mine/blobs/uploads/?digest=<digest>', { bytes: text('no proof'), how: 'in pieces' }],
  ['POST', '/v2/mine/blobs/uploads/?digest=<digest>', { bytes: text('no proof'), how: 'broken' }],
  ['PUT', '{0}&digest=<digest>', { bytes: text('no proof'), how: 'in pieces' }],
  ['PUT', '{1}&digest=<digest>', null],
  ['PUT', '{2}&digest=<digest>', null],
] as const)('%s %s: nothing tells a secret from nothing', async (method, path, body) => {
  for (const secret of SECRET_DIGESTS) {
    const shown = await Promise.all(
      [secret, digestOf('nowhere at all')].map(async (digest) => {
        const answer = answered(
          await registry.ask({ method, path: path.replace('<digest>', digest), headers: {}, body }),
        )
        const lines = [...answer.headers].filter(([name]) => name !== 'x-request-id').join('\n')
        return `${answer.status}\n${lines}\n${new TextDecoder().decode(answer.body)}`.replaceAll(digest, '<digest>')
      }),
    )
    expect(shown[0]).toBe(shown[1])
  }
})

describe('with Accept-Encoding', () => {
  const config = text(`{"padding":"${'compressible '.repeat(300)}"}`)
  const image = imageOf(config, [], { annotations: { padding: 'compressible '.repeat(300) } })
  const tags = Array.from({ length: 50 }, (_, i) => `${'compressible'.repeat(8)}${i}`)
  beforeAll(async () => {
    await pushBlob(registry, 'encoded', config)
    expect(await outcome(await putManifest(registry, 'encoded', `v1?tag=${tags.join('&tag=')}`, image))).toBe('201')
    for (let i = 0; i < 20; i++) {
      const referrer = imageOf(config, [], { ...(JSON.parse(REFERRER.text) as object), annotations: { i: String(i) } })
      await pushBlob(registry, 'mine', config)
      await putManifest(registry, 'mine', referrer.digest, referrer)
    }
  })

  test.each(
    (
      [
        ['HEAD', `/v2/encoded/blobs/${digestOf(config)}`, config.length],
        ['GET', '/v2/encoded/manifests/v1', image.text.length],
        ['HEAD', '/v2/encoded/manifests/v1', image.text.length],
        ['GET', `/v2/encoded/manifests/${image.digest}`, image.text.length],
        ['GET', `/v2/encoded/blobs/${digestOf(config)}`, null],
        ['GET', '/v2/encoded/tags/list', null],
        ['HEAD', '/v2/encoded/tags/list', null],
        ['GET', '/v2/_catalog', null],
        ['GET', `/v2/mine/referrers/${IMAGE.digest}`, null],
        ['GET', `/v2/encoded/manifests/${'absent'.repeat(300)}`, null],
      ] as const
    ).map(([method, path, length]) => ({ name: `${method} ${path.slice(0, 60)}`, method, path, length })),
  )('$name: as it is, and as long as it says', async ({ method, path, length }) => {
    for (const encoding of ['gzip', 'br, gzip', '*', 'gzip;q=1, identity;q=0']) {
      const answer = answered(
        await registry.ask({ method, path, headers: { 'Accept-Encoding': encoding }, body: null }),
      )
      expect(isFromRegistry(answer)).toBe(true)
      expect(answer.headers.get('Content-Encoding')).toBeNull()
      if (length !== null) expect(answer.headers.get('Content-Length')).toBe(String(length))
      if (method === 'GET') expect(answer.headers.get('Content-Length')).toBe(String(answer.body.length))
      else expect(answer.body.length).toBe(0)
    }
  })
})

test('annotations nested to great depth do no harm to the referrers of what they are about', async () => {
  const subject = { mediaType: IMAGE.mediaType, digest: digestOf('a subject'), size: 1 }
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const bytes = REFERRER.text.replace(/\}$/, `,"annotations":${deep}}`).replace(IMAGE.digest, subject.digest)
  await putManifest(registry, 'mine', 'deep', { text: bytes, mediaType: IMAGE.mediaType })
  expect(await outcome(await registry.fetch(`/v2/mine/referrers/${subject.digest}`))).toBe('200')
})
