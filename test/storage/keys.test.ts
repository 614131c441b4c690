import { describe, expect, test } from 'vitest'

import { parseDigest } from '../../src/oci/digest.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import {
  blobHolderKey,
  blobKey,
  blobUserKey,
  CATALOG_PREFIX,
  catalogKey,
  catalogName,
  chunkKey,
  chunkOffset,
  historyKey,
  manifestKey,
  referrerDigest,
  referrerKey,
  referrersPrefix,
  taggedPrefix,
  tagIndexKey,
  tagsPrefix,
  uploadPrefix,
} from '../../src/storage/keys.ts'

const HEX = '0a'.repeat(32)
const HEX_512 = 'f0'.repeat(64)
const OTHER_HEX = '1b'.repeat(32)
const DIGEST = parseDigest(`sha256:${HEX}`)
const DIGEST_512 = parseDigest(`sha512:${HEX_512}`)
const OTHER = parseDigest(`sha256:${OTHER_HEX}`)
const APP = parseRepositoryName('team/app')
const TAG = parseTag('V1.0_rc-1')
const SESSION = '0e2c8a7e-5b0d-4a4b-9d6f-2f1f3c1f9a11'

// docs/storage-schema.md, a row each.
test.each([
  ['a blob', blobKey(DIGEST), `blobs/sha256/${HEX}`],
  ['a blob by sha512', blobKey(DIGEST_512), `blobs/sha512/${HEX_512}`],
  ['who holds a blob', blobHolderKey(DIGEST, APP), `refs/sha256/${HEX}/team/app/@`],
  ['who holds a blob by sha512', blobHolderKey(DIGEST_512, APP), `refs/sha512/${HEX_512}/team/app/@`],
  ['who uses a blob', blobUserKey(DIGEST, APP, OTHER), `refs/sha256/${HEX}/team/app/@sha256-${OTHER_HEX}`],
  [
    'who uses a blob by sha512',
    blobUserKey(OTHER, APP, DIGEST_512),
    `refs/sha256/${OTHER_HEX}/team/app/@sha512-${HEX_512}`,
  ],
  ['a manifest', manifestKey(APP, DIGEST), `repositories/team/app/_manifests/sha256/${HEX}`],
  ['a manifest by sha512', manifestKey(APP, DIGEST_512), `repositories/team/app/_manifests/sha512/${HEX_512}`],
  ['tags that a manifest had', taggedPrefix(APP, DIGEST), `repositories/team/app/_tagged/sha256-${HEX}/`],
  ['tags', tagsPrefix(APP), 'repositories/team/app/_tags/'],
  [
    'a referrer',
    referrerKey(APP, DIGEST, DIGEST_512),
    `repositories/team/app/_referrers/sha256-${HEX}/sha512-${HEX_512}`,
  ],
  ['a repository', catalogKey(APP), 'catalog/team/app!'],
  ['an upload', uploadPrefix(SESSION), `uploads/${SESSION}/`],
  ['bytes of an upload', chunkKey(SESSION, 1048576, 'n0nce'), `uploads/${SESSION}/0000000001048576-n0nce`],
  ['the entry of a tag in KV', tagIndexKey(APP, TAG), 'tag:team/app:V1.0_rc-1'],
])('the key of %s', (_, key, want) => {
  expect(key).toBe(want)
})

describe('the history of a tag', () => {
  const at = new Date('2026-10-01T12:34:56.789Z')

  test('has a key for each move, and for its deletion', () => {
    const reverse = String(8_640_000_000_000_000 - at.getTime()).padStart(16, '0')
    const prefix = `repositories/team/app/_history/V1.0_rc-1/${reverse}`
    expect(historyKey(APP, TAG, at, DIGEST)).toBe(`${prefix}-sha256-${HEX}`)
    expect(historyKey(APP, TAG, at, null)).toBe(`${prefix}-deleted`)
  })

  test('is listed with the newest first', () => {
    const oldestFirst = [0, 1, 999, 1000, 1e12, at.getTime(), at.getTime() + 1, 4e12, 8.64e15].map((time) =>
      historyKey(APP, TAG, new Date(time), DIGEST),
    )
    expect([...oldestFirst].sort()).toEqual([...oldestFirst].reverse())
  })
})

describe('the key of a chunk', () => {
  test.each([0, 1, 9, 10, 5 * 2 ** 30, 2 ** 40, Number.MAX_SAFE_INTEGER])('keeps the offset %i', (offset) => {
    expect(chunkOffset(chunkKey(SESSION, offset, crypto.randomUUID()))).toBe(offset)
  })

  test('sorts by offset', () => {
    const inOrder = [0, 1, 2, 9, 10, 11, 99, 100, 2 ** 20, 2 ** 32, 2 ** 52].map((offset) =>
      chunkKey(SESSION, offset, 'z'),
    )
    expect([...inOrder].reverse().sort()).toEqual(inOrder)
  })

  test.each([
    `uploads/${SESSION}/`,
    `uploads/${SESSION}/0-n`,
    `uploads/${SESSION}/000000000000000-n`, // one digit less
    `uploads/${SESSION}/00000000000000000-n`, // one digit more
    `uploads/${SESSION}/0000000000000000`,
    `uploads/${SESSION}/0000000000000000-`,
    `uploads/${SESSION}/0000000000000000-n/more`,
    `uploads/${SESSION}/000000000000000x-n`,
    `uploads/${SESSION}/x0000000000000000-n`,
    '0000000000000000-n',
    '',
  ])('is not %j', (key) => {
    expect(chunkOffset(key)).toBeNull()
  })
})

const REPOSITORIES = [
  'a',
  'a/b',
  'a-b',
  'a.b',
  'a_b',
  'a__b',
  'ab',
  'a0',
  'a/b/c',
  'a/bc',
  'a/b-c',
  'aa',
  'b',
  '0',
  'tags',
  'a/tags',
  'a/manifests/sha256',
  'blobs/sha256',
  'repositories/a',
].map(parseRepositoryName)

const DIGESTS = [DIGEST, DIGEST_512, OTHER, parseDigest(`sha256:${HEX_512.slice(64)}`)]
const TAGS = ['v1', 'v1.0', 'v1-', 'V1', '_', 'latest', 'sha256-0a', 'deleted'].map((tag) => parseTag(tag))
const TIMES = [new Date(0), new Date('2026-10-01T00:00:00Z')]

/** Every key that belongs to one repository. */
function keysOf(repository: (typeof REPOSITORIES)[number]): string[] {
  return [
    catalogKey(repository),
    ...TAGS.flatMap((tag) => [
      tagsPrefix(repository) + tag,
      ...DIGESTS.map((digest) => taggedPrefix(repository, digest) + tag),
      ...TIMES.flatMap((at) => [...DIGESTS, null].map((digest) => historyKey(repository, tag, at, digest))),
    ]),
    ...DIGESTS.flatMap((digest) => [
      manifestKey(repository, digest),
      blobHolderKey(digest, repository),
      ...DIGESTS.flatMap((other) => [blobUserKey(digest, repository, other), referrerKey(repository, digest, other)]),
    ]),
  ]
}

/** Every prefix that lists something of one repository, or might: the folders below our own marks in its keys. */
function prefixesOf(repository: (typeof REPOSITORIES)[number]): string[] {
  return [
    tagsPrefix(repository),
    ...DIGESTS.flatMap((digest) => [taggedPrefix(repository, digest), referrersPrefix(repository, digest)]),
    ...keysOf(repository).map((key) => /^(?:.*\/@|.*!|.*\/_[a-z]+\/)/.exec(key)?.[0] ?? key),
  ]
}

describe('repositories are sealed from each other', () => {
  test.each(REPOSITORIES)('no prefix of %s reaches a key of another', (repository) => {
    const prefixes = [...new Set(prefixesOf(repository))]
    for (const other of REPOSITORIES.filter((name) => name !== repository)) {
      const reached = keysOf(other).filter((key) => prefixes.some((prefix) => key.startsWith(prefix)))
      expect(reached).toEqual([])
    }
  })

  test.each(REPOSITORIES)('the tags of %s are apart from the tags that its manifests had', (repository) => {
    const reached = keysOf(repository).filter((key) => key.startsWith(tagsPrefix(repository)))
    expect(reached).toEqual(TAGS.map((tag) => tagsPrefix(repository) + tag))
  })

  test('every key has one meaning', () => {
    const keys = [...REPOSITORIES.flatMap(keysOf), ...DIGESTS.map(blobKey), chunkKey(SESSION, 0, 'n')]
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('no key is a folder in which another lies', () => {
    const keys = [...REPOSITORIES.flatMap(keysOf), ...DIGESTS.map(blobKey), chunkKey(SESSION, 0, 'n')]
    const folders = new Set(
      keys.flatMap((key) => key.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/'))),
    )
    expect(keys.filter((key) => folders.has(key))).toEqual([])
  })

  test('every entry in KV has one meaning', () => {
    const keys = REPOSITORIES.flatMap((repository) => TAGS.map((tag) => tagIndexKey(repository, tag)))
    expect(new Set(keys).size).toBe(keys.length)
  })
})

test('names and digests are found again in the keys that were made of them', () => {
  for (const repository of REPOSITORIES) expect(catalogName(catalogKey(repository))).toBe(repository)
  for (const digest of DIGESTS) {
    expect(referrerDigest(referrerKey(APP, OTHER, digest))).toBe(digest)
    expect(referrerKey(APP, OTHER, digest).startsWith(referrersPrefix(APP, OTHER))).toBe(true)
  }
})

test('every prefix ends in a slash', () => {
  const prefixes = [tagsPrefix(APP), taggedPrefix(APP, DIGEST), referrersPrefix(APP, DIGEST), uploadPrefix(SESSION)]
  for (const prefix of [...prefixes, CATALOG_PREFIX]) expect(prefix.endsWith('/')).toBe(true)
})

test('an upload reaches no other', () => {
  expect(chunkKey(`${SESSION}0`, 0, 'n').startsWith(uploadPrefix(SESSION))).toBe(false)
  expect(chunkKey(SESSION, 0, 'n').startsWith(uploadPrefix(SESSION))).toBe(true)
})

test('the catalog is in the order of names', () => {
  const names = [...REPOSITORIES].sort()
  expect(names.map(catalogKey).sort()).toEqual(names.map(catalogKey))
})

test('the longest names fit into what S3 and KV allow', () => {
  const repository = parseRepositoryName('r'.repeat(255))
  const tag = parseTag('t'.repeat(128))
  const keys = [
    blobUserKey(DIGEST_512, repository, DIGEST_512),
    taggedPrefix(repository, DIGEST_512) + tag,
    historyKey(repository, tag, new Date(0), DIGEST_512),
    referrerKey(repository, DIGEST_512, DIGEST_512),
  ]
  expect(Math.max(...keys.map(({ length }) => length))).toBeLessThanOrEqual(1024)
  expect(tagIndexKey(repository, tag).length).toBeLessThanOrEqual(512)
})
