import { expect, test } from 'vitest'

import { parseRepositoryName } from '../../src/oci/repository.ts'
import { refusal } from './support/refusal.ts'

test.each([
  'a',
  '0',
  'app',
  'library/alpine',
  'a/b/c/d/e/f/g',
  'a.b',
  'a_b',
  'a__b',
  'a-b',
  'a--b',
  'a-----b',
  'a.b-c__d_e/f.g',
  '1.2.3/4.5',
  'sha256/0',
  'v2/blobs/uploads', // words of our own paths are names as well
  'tags/list',
  'manifests/latest',
  'a'.repeat(255),
  `${'a/'.repeat(127)}a`,
])('%s is a name', (text) => {
  expect(parseRepositoryName(text)).toBe(text)
})

test.each([
  ['', 'nothing'],
  ['a'.repeat(256), 'longer than any client can use'],
  [`${'a/'.repeat(127)}ab`, 'longer than any client can use'],
  ['A', 'upper case'],
  ['aB', 'upper case'],
  ['Library/alpine', 'upper case'],
  ['/a', 'a leading slash'],
  ['a/', 'a trailing slash'],
  ['a//b', 'an empty component'],
  ['/', 'an empty component'],
  ['.', 'a dot'],
  ['..', 'the folder above'],
  ['a/..', 'the folder above'],
  ['../a', 'the folder above'],
  ['a/../b', 'the folder above'],
  ['a/./b', 'the same folder'],
  ['.a', 'a leading dot'],
  ['a.', 'a trailing dot'],
  ['a..b', 'two dots'],
  ['a/.b', 'a leading dot'],
  ['_a', 'a leading underscore: those names are ours'],
  ['a/_b', 'a leading underscore: those names are ours'],
  ['a/_tags', 'a leading underscore: those names are ours'],
  ['_manifests', 'a leading underscore: those names are ours'],
  ['a_', 'a trailing underscore'],
  ['a___b', 'three underscores'],
  ['-a', 'a leading dash'],
  ['a-', 'a trailing dash'],
  ['a/-b', 'a leading dash'],
  ['a._b', 'two separators'],
  ['a-_b', 'two separators'],
  ['a.-b', 'two separators'],
  ['a@b', 'a mark of ours'],
  ['@', 'a mark of ours'],
  ['a!', 'a mark of ours'],
  ['a:b', 'a colon'],
  ['a b', 'a space'],
  [' a', 'a space'],
  ['a\n', 'a line break'],
  ['a\nb', 'a line break'],
  ['a\0', 'a null'],
  ['a\\b', 'a backslash'],
  ['a%2fb', 'an escape'],
  ['a%2Fb', 'an escape'],
  ['a%2e%2e', 'an escape'],
  ['a+b', 'a plus'],
  ['a~b', 'a tilde'],
  ['a*', 'a star'],
  ['é', 'a letter beyond ASCII'],
  ['a\u2215b', 'what looks like a slash'],
  ['а', 'what looks like an a'],
])('%j is no name: %s', (text) => {
  expect(refusal(() => parseRepositoryName(text))).toMatchObject({ code: 'NAME_INVALID', status: 400 })
})

test('a refusal repeats no more of a long name than one needs to find it', () => {
  const { details } = refusal(() => parseRepositoryName('a'.repeat(100_000)))
  expect(details).toEqual([{ name: 'a'.repeat(300) }])
})
