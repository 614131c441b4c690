import { describe, expect, test } from 'vitest'

import { parseReference, parseTag } from '../../src/oci/reference.ts'
import { refusal } from './support/refusal.ts'

const SHA256 = `sha256:${'0a'.repeat(32)}`
const SHA512 = `sha512:${'0a'.repeat(64)}`

const TAGS = [
  'latest',
  'v1',
  'V1.0',
  '1',
  '_',
  '_x',
  'a.b-c_D',
  '3.11-alpine',
  'a'.repeat(128),
  'sha256-0a',
  'a..b',
  'a-',
]

const NO_TAGS: [text: string, why: string][] = [
  ['', 'nothing'],
  ['a'.repeat(129), 'one character too long'],
  ['.INVALID_MANIFEST_NAME', 'a leading dot'],
  ['.', 'a leading dot'],
  ['..', 'the folder above'],
  ['-a', 'a leading dash'],
  ['a/b', 'a slash'],
  ['a b', 'a space'],
  [' a', 'a space'],
  ['a\n', 'a line break'],
  ['a+b', 'a plus'],
  ['a@b', 'a mark of ours'],
  ['a!', 'a mark of ours'],
  ['a%2fb', 'an escape'],
  ['é', 'a letter beyond ASCII'],
]

describe('a tag', () => {
  test.each(TAGS)('%s', (text) => {
    expect(parseTag(text)).toBe(text)
  })

  test.each([...NO_TAGS, ['a:b', 'a colon']])('%j is none: %s', (text) => {
    expect(refusal(() => parseTag(text))).toMatchObject({ code: 'TAG_INVALID', status: 400 })
  })
})

describe('a reference', () => {
  test.each(TAGS)('%s is a tag', (text) => {
    expect(parseReference(text, 'MANIFEST_UNKNOWN')).toEqual({ kind: 'tag', tag: text })
  })

  test.each([SHA256, SHA512])('%s is a digest', (text) => {
    expect(parseReference(text, 'MANIFEST_UNKNOWN')).toEqual({ kind: 'digest', digest: text })
  })

  test.each(NO_TAGS)('%j is not there for a reader, and told to a writer: %s', (text) => {
    expect(refusal(() => parseReference(text, 'MANIFEST_UNKNOWN'))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      status: 404,
    })
    expect(refusal(() => parseReference(text, 'TAG_INVALID'))).toMatchObject({ code: 'TAG_INVALID', status: 400 })
  })

  test.each(['sha256:totallywrong', 'a:b', ':', 'latest:', ':latest', `${SHA256}:x`, `v1:${'0a'.repeat(32)}`, 'a/b:c'])(
    '%j has a colon, so it is a digest, and a wrong one',
    (text) => {
      expect(refusal(() => parseReference(text, 'MANIFEST_UNKNOWN'))).toMatchObject({
        code: 'DIGEST_INVALID',
        status: 400,
      })
    },
  )
})

test('a refusal repeats no more of a long tag than one needs to find it', () => {
  expect(refusal(() => parseTag('a'.repeat(100_000))).details).toEqual([{ tag: 'a'.repeat(200) }])
})
