import { expect, test } from 'vitest'

import { decodeBase64Url, decodeHex, encodeBase64, encodeBase64Url } from '../../src/oci/base64.ts'

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, value) => value)

// RFC 4648, section 10, and the two letters in which the alphabets differ.
test.each([
  ['', '', ''],
  ['f', 'Zg==', 'Zg'],
  ['fo', 'Zm8=', 'Zm8'],
  ['foo', 'Zm9v', 'Zm9v'],
  ['foob', 'Zm9vYg==', 'Zm9vYg'],
  ['fooba', 'Zm9vYmE=', 'Zm9vYmE'],
  ['foobar', 'Zm9vYmFy', 'Zm9vYmFy'],
  ['\u00fb\u00ff', '+/8=', '-_8'],
])('%j is %j, in a URL %j', (text, base64, base64Url) => {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  expect(encodeBase64(bytes)).toBe(base64)
  expect(encodeBase64Url(bytes)).toBe(base64Url)
  expect(decodeBase64Url(base64Url)).toEqual(bytes)
})

test.each([0, 1, 2, 3, 255, 256])('%i bytes come back as they were', (length) => {
  const bytes = ALL_BYTES.subarray(256 - length)
  expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes)
})

test('all bytes are what others make of them', () => {
  expect(encodeBase64(ALL_BYTES)).toBe(
    'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==',
  )
})

test('every byte by itself comes back as it was', () => {
  for (const value of ALL_BYTES) {
    const bytes = new Uint8Array([value])
    expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes)
  }
})

test('a text in a URL needs no escape', () => {
  const text = encodeBase64Url(ALL_BYTES)
  expect(new URLSearchParams({ text }).toString()).toBe(`text=${text}`)
})

test('a view into larger memory is encoded alone', () => {
  expect(encodeBase64(ALL_BYTES.subarray(102, 105))).toBe('Zmdo')
})

test.each(['A', 'AAAAA', 'Zg==', 'Zm8=', '+/8', 'Zm9 v', ' Zm9v', 'Zm9v\n', 'Zm9v.', 'Zm9vé', '\0'])(
  '%j is not base64url',
  (text) => {
    expect(decodeBase64Url(text)).toBeNull()
  },
)

test.each([
  ['', []],
  ['00', [0]],
  ['ff00a5', [255, 0, 165]],
])('the hex %j is %j', (hex, bytes) => {
  expect([...decodeHex(hex)]).toEqual(bytes)
})

test('hex of every byte', () => {
  expect(decodeHex([...ALL_BYTES].map((byte) => byte.toString(16).padStart(2, '0')).join(''))).toEqual(ALL_BYTES)
})
