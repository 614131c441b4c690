import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from '../../src/oci/media-types.ts'
import { digestOf } from '../suites/client.ts'
import { expectSound, outcomeOf } from './support/answers.ts'
import { breachesOf } from './support/breaches.ts'
import { IMAGE, INDEX, REFERRER } from './support/content.ts'
import type { FuzzedRequest } from './support/requests.ts'
import { PROPERTY_TIMEOUT_MS, runs } from './support/runs.ts'
import { openWorld, prepareWorld, type WorldState } from './support/world.ts'

type Path = readonly (string | number)[]

const VALID: readonly unknown[] = [IMAGE, INDEX, REFERRER].map(({ text }): unknown => JSON.parse(text))
const TYPES = [OCI_IMAGE_MANIFEST, OCI_IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST]

let state: WorldState
beforeAll(async () => {
  state = await prepareWorld(true)
})

/**
 * Pushes these bytes, and, if they are taken, pulls them again in every way.
 *
 * @returns whether they were taken
 */
async function pushAndPull(bytes: Uint8Array, contentType: string | null): Promise<boolean> {
  const world = openWorld(state)
  const ask = async (method: string, path: string, more: Partial<FuzzedRequest> = {}) => {
    const answer = await world.send({ method, path, headers: {}, body: null, ...more })
    expectSound(answer, method, `${method} ${path}`)
    return answer
  }
  const headers: Record<string, string> = contentType === null ? {} : { 'Content-Type': contentType }
  const put = await ask('PUT', '/v2/mine/manifests/fuzzed', { headers, body: { bytes, how: 'whole' } })
  const digest = digestOf(bytes)
  const refusal = /^400 (MANIFEST_INVALID|MANIFEST_BLOB_UNKNOWN( MANIFEST_BLOB_UNKNOWN)*)$/
  if (put.status !== 201) {
    expect(outcomeOf(put)).toMatch(refusal)
    for (const reference of ['fuzzed', 'nothing'])
      expect(outcomeOf(await ask('GET', `/v2/mine/manifests/${reference}`))).toBe('404 MANIFEST_UNKNOWN')
    return false
  }
  expect(put.headers.get('Docker-Content-Digest')).toBe(digest)
  for (const reference of ['fuzzed', digest]) {
    const pulled = await ask('GET', `/v2/mine/manifests/${reference}`)
    expect(pulled.status).toBe(200)
    expect(digestOf(pulled.body)).toBe(digest)
    expect(TYPES).toContain(pulled.headers.get('Content-Type'))
  }
  const subject = put.headers.get('OCI-Subject')
  if (subject !== null) {
    const { manifests } = JSON.parse(
      new TextDecoder().decode((await ask('GET', `/v2/mine/referrers/${subject}`)).body),
    ) as { manifests: { digest: string }[] }
    expect(manifests.map((found) => found.digest)).toContain(digest)
  }
  expect(await breachesOf(world.registry, false)).toEqual([])
  return true
}

async function expectSafe(bytes: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<number> {
  let taken = 0
  const contentType = fc.constantFrom(
    ...TYPES,
    ...TYPES,
    `${OCI_IMAGE_MANIFEST}; charset=utf-8`,
    null,
    '',
    'application/json',
  )
  await fc.assert(
    fc.asyncProperty(bytes, contentType, async (text, type) => {
      if (await pushAndPull(text, type)) taken++
    }),
    runs(numRuns),
  )
  return taken
}

const encode = (text: string) => new TextEncoder().encode(text)

describe(
  'a manifest that is fuzzed is refused, or taken and pulled to the byte',
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    test('any bytes, any JSON', async () => {
      const json = fc.jsonValue({ maxDepth: 4 }).map((value) => encode(JSON.stringify(value)))
      expect(await expectSafe(fc.oneof(json, fc.uint8Array()), 150)).toBe(0)
    })

    test('a valid one with fields taken away, added, or of another kind', async () => {
      const changed = fc.constantFrom(...VALID).chain((document) =>
        fc
          .array(fc.record({ at: fc.constantFrom(...pathsOf(document)), value: replacement() }), {
            minLength: 1,
            maxLength: 3,
          })
          .map((changes) => changes.reduce((before, { at, value }) => replaced(before, at, value), document)),
      )
      expect(
        await expectSafe(
          changed.map((document) => encode(JSON.stringify(document ?? null))),
          400,
        ),
      ).toBeGreaterThan(0)
    })

    test('the text of a valid one with something put in', async () => {
      const spot = fc.constantFrom(
        ...[
          '\uFEFF',
          ' ',
          '\n',
          '{',
          '}',
          '[',
          ',',
          '"',
          ':',
          '\\u0000',
          '\\ud800',
          '1e999',
          '-0',
          '1.0',
          '0x1',
          'NaN',
          '/**/',
        ],
        ...[
          '"mediaType":"x",',
          '"schemaVersion":2,',
          '"__proto__":{},',
          '"digest":"sha256:00",',
          '"layers":[],',
          '"size":1e2,',
        ],
      )
      const text = fc
        .tuple(fc.constantFrom(IMAGE, INDEX, REFERRER), fc.nat(), spot, fc.nat(3))
        .map(([{ text }, index, more, drop]) => {
          const at = index % (text.length + 1)
          return encode(text.slice(0, at) + more + text.slice(at + drop))
        })
      expect(await expectSafe(text, 300)).toBeGreaterThan(0)
    })

    test('the bytes of a valid one with some changed, so that they are no UTF-8', async () => {
      const bytes = fc.tuple(fc.constantFrom(IMAGE, INDEX), fc.nat(), fc.nat(255)).map(([{ text }, index, byte]) => {
        const changed = encode(text)
        changed[index % changed.length] = byte
        return changed
      })
      await expectSafe(bytes, 150)
    })
  },
)

const DEPTH = 100_000
const DEEP = `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`
const DEEP_OBJECT = `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`

test.each([
  ['an unknown field', REFERRER.text.replace(/\}$/, `,"x":${DEEP}}`)],
  ['its annotations', REFERRER.text.replace(/\}$/, `,"annotations":{"a":${DEEP}}}`)],
  ['an annotation', REFERRER.text.replace(/\}$/, `,"annotations":${DEEP_OBJECT}}`)],
  ['its artifactType', REFERRER.text.replace('"application/sbom"', DEEP)],
  ['its config', REFERRER.text.replace('"config": {', `"config": {"x":${DEEP},`)],
  ['its subject', REFERRER.text.replace('"subject": {', `"subject": {"x":${DEEP_OBJECT},`)],
  ['nothing but', DEEP],
])('a manifest with %s nested to great depth', async (_, text) => {
  expect(text.length).toBeGreaterThan(DEPTH)
  await pushAndPull(encode(text), OCI_IMAGE_MANIFEST)
})

function replacement(): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1.5,
      2 ** 53,
      1e300,
      '',
      '2',
      [],
      {},
      [[]],
      [null],
      { a: 'b' },
      digestOf('nowhere'),
      ...TYPES,
    ),
    fc.constantFrom(...VALID),
  )
}

/** Where there is a value in a document, itself left out; and a place beside each for one more. */
function pathsOf(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.entries(value).flatMap(([key, child]) => [
    [key],
    ...pathsOf(child).map((path) => [key, ...path]),
  ])
  return [...inside, ['annotations'], ['subject'], ['manifests'], ['layers'], ['__proto__']]
}

/** A copy of the document with another value there; `undefined` takes it away. */
function replaced(document: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (typeof document !== 'object' || document === null) return document
  const copy = structuredClone(document) as Record<string, unknown>
  const changed = replaced(copy[key], rest, value)
  Object.defineProperty(copy, key, {
    value: changed,
    enumerable: changed !== undefined,
    configurable: true,
    writable: true,
  })
  return copy
}
