import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'

import type { MemoryRegistryOptions } from '../suites/registry-under-test.ts'
import type { Answer } from './support/answers.ts'
import { KNOWN, SECRET_DIGESTS } from './support/content.ts'
import { fuzzedRequest, type FuzzedBody, type FuzzedRequest } from './support/requests.ts'
import { PROPERTY_TIMEOUT_MS, runs } from './support/runs.ts'
import { openWorld, prepareWorld, type WorldState } from './support/world.ts'

/**
 * Repositories are sealed from each other: whoever may use `mine` alone cannot tell whether `secret/app` is there. So
 * the same requests go to two registries, one with it and one without, and each answer has to be the same, to the byte.
 */
let withSecret: WorldState
let without: WorldState
beforeAll(async () => {
  withSecret = await prepareWorld(true)
  without = await prepareWorld(false)
  vi.spyOn(console, 'error').mockReturnValue() // a body that ends early is a 503 of a store that checks digests
})

const REGISTRIES: readonly (readonly [name: string, options: MemoryRegistryOptions])[] = [
  ['as usual', {}],
  ['with tiny parts', { limits: { partBytes: 8, putBytes: 16, copyBytes: 16, parts: 20 } }],
  ['over a store that checks digests', { features: ['checksum-sha256'] }],
]

test('the secret is there in one of the two, and its digests are known', async () => {
  const [layer = ''] = SECRET_DIGESTS
  const ask: FuzzedRequest = { method: 'HEAD', path: `/v2/secret/app/blobs/${layer}`, headers: {}, body: null }
  expect((await openWorld(withSecret).send(ask)).status).toBe(200)
  expect((await openWorld(without).send(ask)).status).toBe(404)
})

test.each(REGISTRIES)(
  'a registry %s: whatever is asked below /v2/mine/, nothing tells of another repository',
  async (_, options) => {
    const requests = fc.array(fuzzedRequest(KNOWN).filter(staysInside), { minLength: 1, maxLength: 25 })
    const property = fc.asyncProperty(requests, async (sent) => {
      const [one, other] = [openWorld(withSecret, options), openWorld(without, options)]
      for (const request of sent)
        expect(shown(await one.send(request)), `${request.method} ${request.path}`).toBe(
          shown(await other.send(request)),
        )
    })
    await fc.assert(property, runs(100))
  },
  PROPERTY_TIMEOUT_MS,
)

const bytes = new Uint8Array(30).fill(120)
const BODIES: readonly (readonly [name: string, body: FuzzedBody, headers: Readonly<Record<string, string>>])[] = [
  ['none', null, {}],
  ['other bytes', { bytes, how: 'whole' }, {}],
  ['other bytes of unknown length', { bytes, how: 'in pieces' }, {}],
  ['more than its length says', { bytes, how: 'in pieces' }, { 'Content-Length': '10' }],
  ['more than its range says', { bytes, how: 'in pieces' }, { 'Content-Range': '0-9' }],
  ['less than its length says', { bytes, how: 'in pieces' }, { 'Content-Length': '40' }],
  ['less than its range says', { bytes, how: 'in pieces' }, { 'Content-Range': '0-39' }],
  ['broken off', { bytes, how: 'broken' }, {}],
  ['broken off before its length', { bytes, how: 'broken' }, { 'Content-Length': '40' }],
]

test.each(
  REGISTRIES.flatMap(([registry, options]) =>
    BODIES.map(([name, body, headers]) => ({ registry, name, options, body, headers })),
  ),
)('a registry $registry: a blob that is not proven by its bytes ($name)', async ({ options, body, headers }) => {
  const [digest = ''] = SECRET_DIGESTS
  const pushes: FuzzedRequest[] = [
    { method: 'POST', path: `/v2/mine/blobs/uploads/?digest=${digest}`, headers, body },
    { method: 'PUT', path: `{0}&digest=${digest}`, headers, body },
  ]
  for (const request of pushes) {
    const [there, nowhere] = [openWorld(withSecret, options), openWorld(without, options)]
    expect(shown(await there.send(request)), request.path).toBe(shown(await nowhere.send(request)))
    const head: FuzzedRequest = { method: 'HEAD', path: `/v2/mine/blobs/${digest}`, headers: {}, body: null }
    expect((await there.send(head)).status).toBe(404)
  }
})

/** Not a mount from wherever a blob may be: the open authorizer lets everybody pull what that hands out. */
function staysInside({ path }: FuzzedRequest): boolean {
  const { pathname, searchParams } = new URL(path.replace(/^\{\d\}/, '/v2/mine/uploads?'), 'http://registry.test')
  const from = searchParams.get('from')
  const mounts = searchParams.has('mount') && (from === null || from.startsWith('secret/'))
  return pathname.startsWith('/v2/mine/') && !mounts
}

/** All that a client sees, without what is random. */
function shown({ status, headers, body }: Answer): string {
  const lines = [...headers].filter(([name]) => name !== 'x-request-id').map(([name, value]) => `${name}: ${value}`)
  return [status, ...lines, '', new TextDecoder('latin1').decode(body)]
    .join('\n')
    .replace(/state=[\w.-]+/g, 'state=…')
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '…')
}
