import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parsePage } from '../../src/http/pagination.ts'
import { decodeBase64Url, decodeHex, encodeBase64, encodeBase64Url } from '../../src/oci/base64.ts'
import { parseChunkRange } from '../../src/oci/byte-range.ts'
import { isDigest, parseDigest } from '../../src/oci/digest.ts'
import { RegistryError, type ErrorCode } from '../../src/oci/errors.ts'
import { isTag, parseReference } from '../../src/oci/reference.ts'
import { isRepositoryName, parseRepositoryName } from '../../src/oci/repository.ts'
import { bitsOf, decodeSlowly, encodeSlowly, hexOf } from './support/base64.ts'
import { runs } from './support/runs.ts'

/** Every text is taken or refused with the right code, as a reading of the spec's grammar by other means has it. */
function check<T>(property: fc.IProperty<T>): void {
  fc.assert(property, runs(3000))
}

/** What looks like one more often than chance would have it. */
const letters = 'abz019AZ._-/:+%@~ \n\0éа'
const almost = fc
  .array(fc.constantFrom(...letters.split(''), 'sha256:', 'sha512:', '__', '--'), { maxLength: 12 })
  .map((all) => all.join(''))
const anything = fc.oneof(almost, fc.string({ unit: 'binary' }))

function codeOf(parse: () => unknown): ErrorCode | null {
  try {
    parse()
    return null
  } catch (thrown) {
    if (thrown instanceof RegistryError) return thrown.code
    throw thrown
  }
}

describe('a repository name', () => {
  /** Components of alphanumerics, parted by one of `.`, `_`, `__` or by dashes alone. */
  function isName(text: string): boolean {
    return (
      text.length <= 255 &&
      text.split('/').every((component) => {
        const separators = component.split(/[a-z0-9]+/)
        return (
          separators.length > 1 &&
          separators.at(0) === '' &&
          separators.at(-1) === '' &&
          separators.slice(1, -1).every((one) => ['.', '_', '__'].includes(one) || /^-+$/.test(one))
        )
      })
    )
  }

  test('is what the grammar makes', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,4}(([._]|__|-{1,9})[a-z0-9]{1,4}){0,3}$/)
    const name = fc.array(component, { minLength: 1, maxLength: 20 }).map((all) => all.join('/'))
    check(fc.property(name, (text) => isRepositoryName(text) === text.length <= 255))
  })

  test('and nothing else', () => {
    const verdict = (text: string) => codeOf(() => parseRepositoryName(text))
    check(fc.property(anything, (text) => verdict(text) === (isName(text) ? null : 'NAME_INVALID')))
    expect(isName('a/b__c-.-')).toBe(false)
    expect(isName('a/b__c---d')).toBe(true)
  })
})

describe('a digest', () => {
  const hex = (digits: number) => fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map(hexOf)
  const digest = fc.oneof(
    hex(64).map((text) => `sha256:${text}`),
    hex(128).map((text) => `sha512:${text}`),
  )

  test('is an algorithm that can be checked, and its output in lowercase hex', () => {
    check(fc.property(digest, (text) => isDigest(text)))
  })

  test('and is none with any one character changed to what is no hex, taken away, or added', () => {
    const changed = fc
      .tuple(digest, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }))
      .chain(([text, index, sign]) => {
        const at = index % text.length
        return fc.constantFrom(
          text.slice(0, at) + text.slice(at + 1),
          text.slice(0, at) + sign + text.slice(at),
          text.slice(0, at) + (/[0-9a-f]/.test(sign) ? 'A' : sign) + text.slice(at + 1),
          text.toUpperCase(),
          `${text}\n`,
        )
      })
    check(fc.property(changed, (text) => codeOf(() => parseDigest(text)) === (isPlain(text) ? null : 'DIGEST_INVALID')))
    check(
      fc.property(anything, (text) => codeOf(() => parseDigest(text)) === (isPlain(text) ? null : 'DIGEST_INVALID')),
    )
  })

  function isPlain(text: string): boolean {
    const digits = text.slice(7)
    const length = { 'sha256:': 64, 'sha512:': 128 }[text.slice(0, 7)]
    return digits.length === length && digits.split('').every((digit) => '0123456789abcdef'.includes(digit))
  }
})

test('a reference is a digest if it has a colon, else a tag', () => {
  const word = (sign: string | undefined) => /^\w$/.test(sign ?? '')
  const tagged = (text: string) =>
    text.length <= 128 && word(text[0]) && text.split('').every((sign) => word(sign) || sign === '.' || sign === '-')
  check(
    fc.property(fc.oneof(anything, fc.stringMatching(/^[\w.-]{1,140}$/)), (text) => {
      const code = codeOf(() => parseReference(text, 'TAG_INVALID'))
      if (text.includes(':')) return code === (isDigest(text) ? null : 'DIGEST_INVALID')
      return code === (tagged(text) ? null : 'TAG_INVALID') && isTag(text) === tagged(text)
    }),
  )
})

describe('a chunk range', () => {
  test('is two numbers in order', () => {
    const limit = 10 ** 15 - 1
    const number = fc.nat({ max: limit })
    check(
      fc.property(
        number,
        number,
        fc.constantFrom('', 'bytes ', 'bytes='),
        fc.constantFrom('', '/*', '/5'),
        (first, last, unit, total) => {
          const text = `${unit}${first}-${last}${total}`
          if (last < first) expect(codeOf(() => parseChunkRange(text))).toBe('RANGE_INVALID')
          else expect(parseChunkRange(text)).toEqual({ first, last })
        },
      ),
    )
  })

  test('and nothing else: what is taken are safe numbers', () => {
    const text = fc.array(
      fc.constantFrom('bytes', ' ', '=', '-', '+', '/', '*', '.', 'e', 'x', '0', '7', '9'.repeat(9)),
      { maxLength: 8 },
    )
    check(
      fc.property(
        fc.oneof(
          text.map((all) => all.join('')),
          anything,
        ),
        (given) => {
          const code = codeOf(() => parseChunkRange(given))
          if (code !== null) return code === 'RANGE_INVALID'
          const { first, last } = parseChunkRange(given)
          return Number.isSafeInteger(first) && Number.isSafeInteger(last - first + 1) && first >= 0 && first <= last
        },
      ),
    )
  })
})

describe('base64', () => {
  test('as Node writes it, and back', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeSlowly(bytes)
        expect(encodeBase64Url(bytes)).toBe(text)
        const padded = text.padEnd(4 * Math.ceil(text.length / 4), '=')
        expect(encodeBase64(bytes)).toBe(padded.replaceAll('-', '+').replaceAll('_', '/'))
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(new Uint8Array(bytes))
        expect(decodeHex(hexOf(bytes))).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  test('another text is none, or one that differs in unused bits alone', () => {
    check(
      fc.property(fc.oneof(anything, fc.stringMatching(/^[\w=+/-]{0,12}$/)), (text) => {
        const decoded = decodeBase64Url(text)
        if (decoded === null) return !/^[\w-]*$/.test(text) || text.length % 4 === 1
        return bitsOf(decoded) === decodeSlowly(text)
      }),
    )
  })
})

describe('a page', () => {
  const page = (query: Record<string, string>) => parsePage(new URLSearchParams(query))

  test('n is a number without sign, and no page is larger than the largest', () => {
    const n = fc.oneof(fc.nat().map(String), fc.maxSafeNat().map(String), anything)
    check(
      fc.property(n, (text) => {
        const digits = text !== '' && text.length <= 15 && text.split('').every((digit) => '0123456789'.includes(digit))
        expect(codeOf(() => page({ n: text }))).toBe(digits ? null : 'PAGINATION_NUMBER_INVALID')
        if (digits) expect(page({ n: text }).limit).toBe(Math.min(Number(text), 1000))
      }),
    )
  })

  test('whatever `last` is: the names after it are those after what storage is asked for, in ASCII', () => {
    const name = fc.oneof(
      fc.stringMatching(/^\w[\w.-]{0,5}$/),
      fc.stringMatching(/^[a-z0-9]{1,3}([-_./][a-z0-9]{1,3}){0,2}$/),
    )
    const near = fc
      .tuple(name, fc.nat(6), fc.string({ unit: 'binary', maxLength: 2 }))
      .map(([text, length, end]) => text.slice(0, length) + end)
    check(
      fc.property(fc.array(name, { maxLength: 8 }), fc.oneof(near, anything, name), (names, last) => {
        const start = page({ last }).last
        expect(start).toMatch(/^[!-~]*$/)
        expect(names.filter((one) => one > start)).toEqual(names.filter((one) => one > last))
        if (start === '') return
        const catalog = names.filter((one) => `${one}!` > `${start}!`) // the catalog's keys end so
        expect(catalog).toEqual(names.filter((one) => one > last))
      }),
    )
  })
})
