import { expect, test } from 'vitest'

import { clientHas, etagOf } from '../../src/http/etag.ts'
import { parseDigest } from '../../src/oci/digest.ts'

const DIGEST = parseDigest(`sha256:${'0a'.repeat(32)}`)
const OTHER = parseDigest(`sha256:${'1b'.repeat(32)}`)
const TAG = `"${DIGEST}"`

test('the entity tag is the digest in quotes', () => {
  expect(etagOf(DIGEST)).toBe(TAG)
})

test.each([
  [TAG, true],
  [`W/${TAG}`, true],
  [`"${OTHER}", ${TAG}`, true],
  [`${TAG},"${OTHER}"`, true],
  [`"${OTHER}" , W/${TAG} , "x"`, true],
  ['*', true],
  [`"${OTHER}"`, false],
  [DIGEST, false], // not in quotes
  [`"${DIGEST}`, false],
  [`w/${TAG}`, false],
  [`"${DIGEST}x"`, false],
  ['', false],
  [',', false],
  [null, false],
])('If-None-Match: %s is it: %s', (value, want) => {
  expect(clientHas(DIGEST, new Headers(value === null ? {} : { 'If-None-Match': value }))).toBe(want)
})
