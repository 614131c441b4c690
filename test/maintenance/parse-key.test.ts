import { expect, test } from 'vitest'

import { parseKey } from '../../src/maintenance/parse-key.ts'
import { createDigest } from '../../src/oci/digest.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import {
  blobHolderKey,
  blobKey,
  blobUserKey,
  cancelledKey,
  catalogKey,
  chunkKey,
  historyKey,
  manifestKey,
  referrerKey,
  taggedPrefix,
  tagsPrefix,
} from '../../src/storage/keys.ts'

const digest = createDigest('sha256', '0a'.repeat(32))
const other = createDigest('sha512', 'f1'.repeat(64))
const tag = parseTag('v1.0_x-Y')

test.each(['app', 'team/app', '0/1', 'a/b-c__d.e/f'].map(parseRepositoryName))(
  'every key of the schema is read back: %s',
  (repository) => {
    expect(parseKey(blobKey(digest))).toEqual({ kind: 'blob', digest })
    expect(parseKey(blobHolderKey(other, repository))).toEqual({ kind: 'holder', digest: other, repository })
    const user = { kind: 'user', digest, repository, manifest: other }
    expect(parseKey(blobUserKey(digest, repository, other))).toEqual(user)
    expect(parseKey(manifestKey(repository, other))).toEqual({ kind: 'manifest', repository, digest: other })
    expect(parseKey(taggedPrefix(repository, other) + tag)).toEqual({ kind: 'tagged', repository, digest: other, tag })
    expect(parseKey(tagsPrefix(repository) + tag)).toEqual({ kind: 'tag', repository, tag })
    const referrer = { kind: 'referrer', repository, subject: digest, referrer: other }
    expect(parseKey(referrerKey(repository, digest, other))).toEqual(referrer)
    expect(parseKey(historyKey(repository, tag, new Date(), digest))).toEqual({ kind: 'history' })
    expect(parseKey(historyKey(repository, tag, new Date(), null))).toEqual({ kind: 'history' })
    expect(parseKey(catalogKey(repository))).toEqual({ kind: 'catalog' })
  },
)

test('an upload is known by its session', () => {
  expect(parseKey(chunkKey('session', 5, 'nonce'))).toEqual({ kind: 'upload', sessionId: 'session' })
  expect(parseKey(cancelledKey('session'))).toEqual({ kind: 'upload', sessionId: 'session' })
})

test.each([
  '',
  'a',
  'blobs',
  'blobs/',
  `blobs/sha256/${'0a'.repeat(31)}`,
  `blobs/sha256/${'0A'.repeat(32)}`,
  `blobs/sha256:${'0a'.repeat(32)}`,
  `blobs/md5/${'0a'.repeat(16)}`,
  `blobs/sha256/${'0a'.repeat(32)}/more`,
  `refs/sha256/${'0a'.repeat(32)}/@`,
  `refs/sha256/${'0a'.repeat(32)}/App/@`,
  `refs/sha256/${'0a'.repeat(32)}/app`,
  `refs/sha256/${'0a'.repeat(32)}/app/@v1`,
  `refs/sha256/${'0a'.repeat(32)}/app/@sha256:${'0a'.repeat(32)}`,
  `refs/sha256/${'0a'.repeat(32)}/app/@/@`,
  'repositories/app',
  'repositories/app/_tags/',
  'repositories/app/_tags/a/b',
  'repositories/app/_tags/-v1',
  'repositories/App/_tags/v1',
  'repositories/_tags/v1',
  'repositories/app/_tags/_tags/v1',
  'repositories/app/_unknown/v1',
  `repositories/app/_manifests/sha256-${'0a'.repeat(32)}`,
  `repositories/app/_manifests/sha256/${'0a'.repeat(32)}/x`,
  `repositories/app/_tagged/sha256-${'0a'.repeat(32)}`,
  `repositories/app/_tagged/sha256-${'0a'.repeat(32)}/`,
  `repositories/app/_referrers/sha256-${'0a'.repeat(32)}/latest`,
  'repositories/app/_history/v1/1-deleted',
  `repositories/app/_history/v1/${'0'.repeat(16)}-gone`,
  'catalog/app',
  'catalog/App!',
  'catalog/!',
  'uploads/session',
  'uploads/session/',
  'uploads/session/a/b',
  'Blobs/a',
])('"%s" is no key of the schema', (key) => {
  expect(parseKey(key)).toEqual({ kind: 'unknown' })
})

test("the schema's own version is a row of it", () => {
  expect(parseKey('meta/schema.json')).toEqual({ kind: 'schema' })
  expect(parseKey('meta/schema')).toEqual({ kind: 'unknown' })
})

test('what the garbage collector may write is left to it', () => {
  expect(parseKey('gc/plan')).toEqual({ kind: 'reserved' })
})
