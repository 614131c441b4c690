import { expect, test } from 'vitest'

import { parseAuthorization } from '../../src/auth/authorization-header.ts'
import { encodeBase64 } from '../../src/oci/base64.ts'

const basic = (text: string) => `Basic ${encodeBase64(new TextEncoder().encode(text))}`

test.each([
  [null, { scheme: 'none' }],
  [basic('alice:secret'), { scheme: 'basic', login: { username: 'alice', password: 'secret' } }],
  [basic('alice:se:cret'), { scheme: 'basic', login: { username: 'alice', password: 'se:cret' } }],
  [basic(':'), { scheme: 'basic', login: { username: '', password: '' } }],
  [basic('zoë:ü'), { scheme: 'basic', login: { username: 'zoë', password: 'ü' } }],
  [basic('a:b').replace('Basic', 'BASIC'), { scheme: 'basic', login: { username: 'a', password: 'b' } }],
  ['Bearer abc.def', { scheme: 'bearer', token: 'abc.def' }],
  ['bearer  abc', { scheme: 'bearer', token: 'abc' }],
  [basic('no colon'), { scheme: 'other' }],
  ['Basic !!!', { scheme: 'other' }],
  [`Basic ${btoa('a:\xff')}`, { scheme: 'other' }], // no UTF-8
  ['Basic', { scheme: 'other' }],
  ['Bearer', { scheme: 'other' }],
  ['Bearer a b', { scheme: 'other' }],
  ['Digest username="a"', { scheme: 'other' }],
  [`${basic('a:b')}, Bearer abc`, { scheme: 'other' }], // two headers in one
  [basic(`a:${'b'.repeat(50_000)}`), { scheme: 'other' }],
] as const)('%#: %.40s', (header, want) => {
  expect(parseAuthorization(new Headers(header === null ? {} : { Authorization: header }))).toEqual(want)
})
