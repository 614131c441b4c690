import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { createUploadSessions } from '../../src/registry/upload-session.ts'
import { digestOf, startUpload } from '../suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../suites/registry-under-test.ts'
import { outcomeOf, readAnswer } from './support/answers.ts'
import { decodeSlowly, encodeSlowly } from './support/base64.ts'
import { uploadOf } from './support/content.ts'
import { PROPERTY_TIMEOUT_MS, runs } from './support/runs.ts'

/** A `Location` is the permission to go on with one upload, so nothing but that very text may be one. */

const LAYER = new TextEncoder().encode('a layer')

let clock = new Date('2026-01-01T12:00:00Z')
let registry: MemoryRegistry
let mine: string
let other: string
let secret: string
beforeAll(async () => {
  registry = createMemoryRegistry({ services: { now: () => clock } })
  mine = await uploadOf(registry, 'mine', [LAYER])
  other = await startUpload(registry, 'mine')
  secret = await uploadOf(registry, 'secret', [LAYER])
})

const METHODS = ['GET', 'PATCH', 'PUT', 'DELETE'] as const

async function expectUnknown(location: string, methods: readonly (typeof METHODS)[number][] = METHODS): Promise<void> {
  for (const method of methods) {
    const body = method === 'PATCH' || method === 'PUT' ? { body: 'x' } : {}
    const path = method === 'PUT' ? `${location}${location.includes('?') ? '&' : '?'}digest=${digestOf('x')}` : location
    const answer = await readAnswer(await registry.fetch(path, { method, ...body }))
    expect(outcomeOf(answer), `${method} ${location}`).toBe('404 BLOB_UPLOAD_UNKNOWN')
  }
  expect((await registry.fetch(mine)).headers.get('Range')).toBe(`0-${LAYER.length - 1}`) // as it was
}

function stateOf(location: string): string {
  return /state=([^&]+)/.exec(location)?.[1] ?? ''
}

function withState(location: string, state: string): string {
  return location.replace(/state=[^&]+/, () => `state=${encodeURIComponent(state)}`)
}

/** The bytes that a token carries. Unused bits of a last character are not among them: such a text is the same token. */
function carried(state: string): string {
  return state.split('.').map(decodeSlowly).join('.')
}

test('each single bit of the state turned over', { timeout: PROPERTY_TIMEOUT_MS }, async () => {
  const state = stateOf(mine)
  let turned = 0
  for (let at = 0; at < state.length; at++)
    for (let bit = 1; bit < 256; bit *= 2) {
      const flipped = String.fromCharCode(state.charCodeAt(at) ^ bit)
      const changed = state.slice(0, at) + flipped + state.slice(at + 1)
      if (/[\w.-]/.test(flipped) && carried(changed) === carried(state)) continue
      await expectUnknown(withState(mine, changed), ['GET'])
      turned++
    }
  expect(turned).toBeGreaterThan(8 * state.length - 10)
})

test('cut off anywhere', async () => {
  const state = stateOf(mine)
  for (let length = 0; length < state.length; length++)
    await expectUnknown(withState(mine, state.slice(0, length)), ['GET'])
})

test.each(['.', '.x', '..', '=', 'A', ' ', '\0', '\n', 'é', '%00', ','])(
  '%j at its end, or before it',
  async (more) => {
    const state = stateOf(mine)
    await expectUnknown(withState(mine, state + more))
    await expectUnknown(withState(mine, more + state))
  },
)

test('any other text', { timeout: PROPERTY_TIMEOUT_MS }, async () => {
  const state = stateOf(mine)
  const [payload = '', signature = ''] = state.split('.')
  const base64url = fc.base64String().map((text) => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''))
  const forged = fc.json().map((text) => encodeSlowly(new TextEncoder().encode(text)))
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.oneof(base64url, forged, fc.constant(payload)), fc.oneof(base64url, fc.constant(signature)))
      .map((all) => all.join('.')),
    fc
      .tuple(fc.nat(state.length), fc.string({ minLength: 1 }))
      .map(([at, more]) => state.slice(0, at) + more + state.slice(at)),
  )
  const strangers = text.filter((found) => !found.startsWith(state) && carried(found) !== carried(state))
  await fc.assert(
    fc.asyncProperty(strangers, fc.constantFrom(...METHODS), (found, method) =>
      expectUnknown(withState(mine, found), [method]),
    ),
    runs(150),
  )
})

test('of another upload, another repository, another part of the URL', async () => {
  const [session = '', otherSession = '', secretSession = ''] = [mine, other, secret].map((location) =>
    location.replace(/^.*\/|\?.*$/g, ''),
  )
  const [payload = '', signature = ''] = stateOf(mine).split('.')
  const [otherPayload = '', otherSignature = ''] = stateOf(other).split('.')
  for (const location of [
    withState(mine, stateOf(other)),
    withState(mine, stateOf(secret)),
    withState(mine, `${payload}.${otherSignature}`),
    withState(mine, `${otherPayload}.${signature}`),
    withState(mine, `${signature}.${payload}`),
    mine.replace(session, otherSession),
    mine.replace(session, secretSession),
    mine.replace(session, session.toUpperCase().replaceAll('-', '')),
    mine.replace(session, `${session}x`),
    mine.replace('/v2/mine/', '/v2/secret/'),
    mine.replace('/v2/mine/', '/v2/mine/sub/'),
    secret.replace('/v2/secret/', '/v2/mine/'),
    `/v2/mine/blobs/uploads/${session}`,
    `/v2/mine/blobs/uploads/${session}?State=${stateOf(mine)}`,
    `/v2/mine/blobs/uploads/${session}?state=&state=${stateOf(mine)}`,
    `/v2/mine/blobs/uploads/${session}?state[]=${stateOf(mine)}`,
  ])
    await expectUnknown(location)
})

test('of a registry with another secret', async () => {
  const foreign = createMemoryRegistry({ services: { sessions: createUploadSessions(['another secret']) } })
  await expectUnknown(await startUpload(foreign, 'mine'))
})

test('a day later', async () => {
  clock = new Date(clock.getTime() + 24 * 60 * 60 * 1000)
  expect((await registry.fetch(mine)).status).toBe(204)
  clock = new Date(clock.getTime() + 1000)
  expect(outcomeOf(await readAnswer(await registry.fetch(mine)))).toBe('404 BLOB_UPLOAD_UNKNOWN')
})
