import { describe, expect, test } from 'vitest'

import { createDigest, digestOf, digestParts, parseDigest, parseDigestAlgorithm } from '../../src/oci/digest.ts'
import { refusal } from './support/refusal.ts'

const HEX_64 = '0123456789abcdef'.repeat(4)
const HEX_128 = HEX_64 + HEX_64

describe('parseDigest', () => {
  test.each([
    [`sha256:${HEX_64}`, 'sha256', HEX_64],
    [`sha512:${HEX_128}`, 'sha512', HEX_128],
  ])('%s', (text, algorithm, hex) => {
    const digest = parseDigest(text)
    expect(digest).toBe(text)
    expect(digestParts(digest)).toEqual({ algorithm, hex })
  })

  test.each([
    ['', 'nothing'],
    ['sha256', 'no colon'],
    [HEX_64, 'no algorithm'],
    [`:${HEX_64}`, 'an empty algorithm'],
    ['sha256:', 'no hex'],
    [`sha256:${HEX_64.slice(1)}`, 'one digit less'],
    [`sha256:${HEX_64}0`, 'one digit more'],
    [`sha256:${HEX_128}`, 'the length of the other algorithm'],
    [`sha512:${HEX_64}`, 'the length of the other algorithm'],
    [`sha512:${HEX_128.slice(1)}`, 'one digit less'],
    [`sha512:${HEX_128}0`, 'one digit more'],
    [`sha256:${HEX_64.toUpperCase()}`, 'upper case'],
    [`sha256:${HEX_64.replace('a', 'A')}`, 'one letter in upper case'],
    [`sha256:${HEX_64.replace('a', 'g')}`, 'a letter that is no digit'],
    [`SHA256:${HEX_64}`, 'an algorithm in upper case'],
    [`md5:${HEX_64.slice(32)}`, 'an algorithm that we do not verify'],
    [`sha384:${HEX_64}${HEX_64.slice(32)}`, 'an algorithm that we do not verify'],
    [`blake3:${HEX_64}`, 'an algorithm that we do not verify'],
    [`multihash+base58:${HEX_64}`, 'a compound algorithm'],
    [`toString:${HEX_64}`, 'what every object has'],
    [`__proto__:${HEX_64}`, 'what every object has'],
    [`sha256:${HEX_64}:`, 'a colon more'],
    [`sha256::${HEX_64}`, 'a colon more'],
    [`sha256:${HEX_64}:${HEX_64}`, 'two of them'],
    [`sha256:sha256:${HEX_64}`, 'two of them'],
    [` sha256:${HEX_64}`, 'a space before'],
    [`sha256:${HEX_64} `, 'a space after'],
    [`sha256:${HEX_64}\n`, 'a line break after'],
    [`sha256:${HEX_64.slice(1)}\n`, 'a line break for a digit'],
    [`sha256:${HEX_64.slice(0, 60)}/../`, 'a way out'],
    [`sha256:${HEX_64.slice(0, 63)}\u0660`, 'a digit of another script'],
    [`sha256-${HEX_64}`, 'a dash for the colon'],
    ['sha256:baddigeststring', 'a word'],
  ])('%j is refused: %s', (text) => {
    expect(refusal(() => parseDigest(text))).toMatchObject({ code: 'DIGEST_INVALID', status: 400 })
  })

  test('a refusal repeats no more of a long text than one needs to find it', () => {
    const { details } = refusal(() => parseDigest(`sha256:${'0'.repeat(100_000)}`))
    expect(String(details[0])).toMatch(/sha256:000/)
    expect(String(details[0]).length).toBeLessThan(300)
  })
})

test.each(['sha256', 'sha512'])('the algorithm %s can be asked for', (text) => {
  expect(parseDigestAlgorithm(text)).toBe(text)
})

test.each(['', 'md5', 'sha384', 'SHA256', 'sha256 ', 'sha256:', 'toString', '__proto__'])(
  'the algorithm %j is refused',
  (text) => {
    expect(refusal(() => parseDigestAlgorithm(text))).toMatchObject({ code: 'DIGEST_INVALID', status: 400 })
  },
)

test.each([
  ['sha256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['sha256', '{}', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'],
  [
    'sha512',
    'abc',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
] as const)('the %s of %j is known', (algorithm, text, hex) => {
  expect(digestOf(new TextEncoder().encode(text), algorithm)).toBe(`${algorithm}:${hex}`)
})

test('a digest is a sha256 unless said otherwise', () => {
  expect(digestOf(new Uint8Array([1, 2, 3]))).toBe(digestOf(new Uint8Array([1, 2, 3]), 'sha256'))
})

test('a digest is made of checked parts only', () => {
  expect(createDigest('sha512', HEX_128)).toBe(`sha512:${HEX_128}`)
  expect(refusal(() => createDigest('sha512', HEX_64)).code).toBe('DIGEST_INVALID')
})
