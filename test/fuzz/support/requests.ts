import fc from 'fast-check'

import { DOCKER_MANIFEST, OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../../src/oci/media-types.ts'

/** One request, before it is sent. */
export interface FuzzedRequest {
  readonly method: string
  /** From `/v2/` on; `{0}`, `{1}` … stand for the `Location` of an upload that is under way. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: FuzzedBody
}

export type FuzzedBody =
  | null
  | { readonly bytes: Uint8Array; readonly how: 'whole' | 'in pieces' }
  /** Comes in pieces and breaks off after them. */
  | { readonly bytes: Uint8Array; readonly how: 'broken' }

/** What requests name, so that not all of them end at "no such thing". */
export interface Known {
  readonly repositories: readonly string[]
  readonly digests: readonly string[]
  readonly tags: readonly string[]
  /** Bodies that are accepted somewhere: blobs and manifests. */
  readonly bodies: readonly Uint8Array[]
  /** How many uploads are under way. */
  readonly uploads: number
  /** What is well-formed, and mostly succeeds. */
  readonly requests: readonly FuzzedRequest[]
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const MEDIA_TYPES = [OCI_IMAGE_MANIFEST, OCI_IMAGE_INDEX, DOCKER_MANIFEST, 'application/octet-stream', '*/*', '']

export function fuzzedRequest(known: Known): fc.Arbitrary<FuzzedRequest> {
  const request = fc.record({
    method: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...METHODS) }, oddMethod()),
    path: fuzzedPath(known),
    headers: fuzzedHeaders(known),
    body: fuzzedBody(known),
  })
  return fc
    .oneof(
      { weight: 2, arbitrary: request },
      { weight: 1, arbitrary: fc.constantFrom(...known.requests) },
      fc.tuple(fc.constantFrom(...known.requests), request).map(([good, odd]) => ({ ...good, headers: odd.headers })),
      fc.tuple(fc.constantFrom(...known.requests), request).map(([good, odd]) => ({ ...good, path: odd.path })),
      fc.tuple(fc.constantFrom(...known.requests), request).map(([good, odd]) => ({ ...good, body: odd.body })),
    )
    .map((made) => (['GET', 'HEAD'].includes(made.method.toUpperCase()) ? { ...made, body: null } : made))
}

function oddMethod(): fc.Arbitrary<string> {
  return fc.constantFrom('OPTIONS', 'PROPFIND', 'MKCOL', 'COPY', 'get', 'constructor', '__proto__', 'PUT2', 'toString')
}

function fuzzedPath(known: Known): fc.Arbitrary<string> {
  const name = fuzzedName(known)
  const reference = fc.oneof(fuzzedDigest(known), fuzzedTag(known))
  const of = (...parts: (string | fc.Arbitrary<string>)[]) =>
    fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''))
  const upload = fc.nat({ max: Math.max(known.uploads - 1, 0) }).map((index) => `{${index}}`)
  const path = fc.oneof(
    { weight: 4, arbitrary: of('/v2/', name, '/blobs/', fuzzedDigest(known)) },
    { weight: 4, arbitrary: of('/v2/', name, '/manifests/', reference) },
    { weight: 4, arbitrary: of('/v2/', name, '/blobs/uploads/') },
    { weight: 4, arbitrary: upload },
    of('/v2/', name, '/blobs/uploads/', fc.oneof(fc.uuid(), segment())),
    of('/v2/', name, '/tags/list'),
    of('/v2/', name, '/referrers/', fuzzedDigest(known)),
    fc.constantFrom('/v2/', '/v2', '/v2/_catalog', '/', '/v2//', '//v2/'),
    of('/v2/', name, '/', segment()),
    of('/', segment()),
  )
  const tail = fc.oneof(
    { weight: 9, arbitrary: fc.constant('') },
    fc.constantFrom('/', '//', '/..', '/.', '%2F', '%00'),
  )
  return fc.tuple(path, tail, fuzzedQuery(known)).map(([text, end, query]) => {
    const joint = text.startsWith('{') ? '&' : '?'
    return `${text}${text.startsWith('{') ? '' : end}${query === '' ? '' : joint}${query}`
  })
}

function fuzzedQuery(known: Known): fc.Arbitrary<string> {
  const digest = fuzzedDigest(known)
  const parameter = fc.oneof(
    fc.tuple(fc.constantFrom('digest', 'mount', 'last'), digest),
    fc.tuple(fc.constantFrom('from', 'last'), fuzzedName(known)),
    fc.tuple(fc.constantFrom('tag', 'last'), fuzzedTag(known)),
    fc.tuple(
      fc.constant('n'),
      fc.oneof(fc.nat().map(String), fc.constantFrom('0', '-1', '1e3', ' 1', '٣', '1'.repeat(20))),
    ),
    fc.tuple(fc.constant('digest-algorithm'), fc.constantFrom('sha256', 'sha512', 'md5', '__proto__', '')),
    fc.tuple(fc.constant('artifactType'), fc.oneof(fc.constantFrom(...MEDIA_TYPES), segment())),
    fc.tuple(fc.constantFrom('state', 'ns', 'x'), segment()),
    fc.tuple(segment(), segment()),
  )
  return fc.array(parameter, { maxLength: 3 }).map((all) => all.map((pair) => pair.join('=')).join('&'))
}

export function fuzzedName({ repositories }: Pick<Known, 'repositories'>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...repositories) },
    fc.stringMatching(/^[a-z0-9]{1,5}(([._]|__|-{1,3})[a-z0-9]{1,5}){0,2}(\/[a-z0-9]{1,5}){0,3}$/),
    fc.constantFrom(
      '',
      '/',
      'Mine',
      'mine/',
      '/mine',
      'mi%6Ee',
      'mine%2Fx',
      'a'.repeat(256),
      'a/'.repeat(500),
      'x/../mine',
    ),
    segment(),
  )
}

function fuzzedTag({ tags }: Pick<Known, 'tags'>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...tags) },
    fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/),
    fc.constantFrom('.bad', 't'.repeat(129), 'v%31', 'list', 'constructor', '__proto__'),
    segment(),
  )
}

function fuzzedDigest({ digests }: Pick<Known, 'digests'>): fc.Arbitrary<string> {
  const known = fc.constantFrom(...digests)
  return fc.oneof(
    { weight: 8, arbitrary: known },
    fc.stringMatching(/^sha256:[0-9a-f]{64}$/),
    fc.stringMatching(/^sha512:[0-9a-f]{128}$/),
    known.map((digest) => digest.replace(':', '%3A')),
    known.map((digest) => digest.toUpperCase()),
    known.map((digest) => digest.replace(':', '-')),
    fc.tuple(known, fc.nat(80)).map(([digest, length]) => digest.slice(0, length)),
    fc.constantFrom('sha256:', ':', 'md5:d41d8cd98f00b204e9800998ecf8427e', '__proto__:00', 'sha256:sha256:00'),
    segment(),
  )
}

/** Any text, as it is or escaped. */
function segment(): fc.Arbitrary<string> {
  const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 }))
  return fc.oneof(text, text.map(encodeURIComponent), fc.stringMatching(/^(%[0-9a-f]{2}){1,4}$/))
}

function fuzzedHeaders({ bodies, digests }: Known): fc.Arbitrary<Record<string, string>> {
  const number = fc.oneof(fc.nat({ max: 100 }), fc.maxSafeNat())
  const range = fc.oneof(
    fc.tuple(number, number).map(([first, last]) => `${first}-${last}`),
    fc.constantFrom(...bodies.map(({ length }) => `0-${length - 1}`)),
    fc.constantFrom('bytes 0-1/2', 'bytes=0-', '5-', '-5', '1-0', '0-1,3-4', `0-${'9'.repeat(30)}`),
    headerText(),
  )
  const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
  return fc
    .record({
      Range: optional(range),
      'Content-Range': optional(range),
      // Anything but digits gets no further than the platform.
      'Content-Length': optional(number.map(String)),
      'Content-Type': fc.oneof(fc.constantFrom(...MEDIA_TYPES), fc.constant(undefined), optional(headerText())),
      'Content-Encoding': optional(fc.constantFrom('gzip', 'br', 'identity')),
      Accept: optional(fc.oneof(fc.constantFrom(...MEDIA_TYPES), headerText())),
      'Accept-Encoding': optional(fc.constantFrom('gzip', 'br', 'identity;q=0')),
      Expect: optional(fc.constantFrom('100-continue', 'more')),
      'If-None-Match': optional(
        fc.oneof(fc.constantFrom('*', ...digests.map((digest) => `"${digest}"`)), headerText()),
      ),
      Authorization: optional(fc.oneof(fc.constantFrom('Basic Og==', 'Bearer x'), headerText())),
    })
    .map((all) =>
      Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    )
}

/** All that HTTP lets through: no control characters but the tab. */
function headerText(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[\t -~\u0080-\u00ff]{0,40}$/).map((text) => text.trim())
}

function fuzzedBody({ bodies }: Known): fc.Arbitrary<FuzzedBody> {
  const bytes = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...bodies) },
    fc.uint8Array({ maxLength: 50 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  )
  return fc.oneof(
    fc.constant(null),
    fc.record({ bytes, how: fc.constantFrom('whole' as const, 'in pieces' as const) }),
    fc.record({ bytes, how: fc.constant('broken' as const) }),
  )
}
