import { describe, expect, test } from 'vitest'

import { MAX_PAGE_ENTRIES, nextPageLink, parsePage } from '../../src/http/pagination.ts'
import { refusal } from '../oci/support/refusal.ts'

test('no answer has more than a thousand entries', () => {
  expect(MAX_PAGE_ENTRIES).toBe(1000)
})

describe('parsePage', () => {
  test.each([
    ['', { limit: 1000, last: '' }],
    ['n=0', { limit: 0, last: '' }],
    ['n=5', { limit: 5, last: '' }],
    ['n=005', { limit: 5, last: '' }],
    ['n=999', { limit: 999, last: '' }],
    ['n=1000', { limit: 1000, last: '' }],
    ['n=1001', { limit: 1000, last: '' }],
    ['n=5000', { limit: 1000, last: '' }],
    ['n=999999999999999', { limit: 1000, last: '' }],
    ['last=v1', { limit: 1000, last: 'v1' }],
    ['n=5&last=v1', { limit: 5, last: 'v1' }],
    ['last=', { limit: 1000, last: '' }],
    ['last=a%2Fb%2Bc', { limit: 1000, last: 'a/b+c' }],
    ['n=5&n=7', { limit: 5, last: '' }],
    ['N=5&Last=x', { limit: 1000, last: '' }],
  ])('?%s', (query, want) => {
    expect(parsePage(new URLSearchParams(query))).toEqual(want)
  })

  test.each(['', 'x', '-1', '-0', '+5', '1.5', '1e3', '0x10', ' 5', '5 ', '5x', '5\n', 'NaN', 'Infinity', '٥'])(
    'n=%j is refused',
    (n) => {
      const error = refusal(() => parsePage(new URLSearchParams({ n })))
      expect(error).toMatchObject({ code: 'PAGINATION_NUMBER_INVALID', status: 400, details: [{ n }] })
    },
  )

  test('n of more digits than any count has is refused', () => {
    expect(refusal(() => parsePage(new URLSearchParams({ n: '1'.repeat(16) }))).code).toBe('PAGINATION_NUMBER_INVALID')
  })
})

describe('last may be any text: the same names follow it as follow what storage is asked for', () => {
  const names = [
    '-',
    '-a',
    '.',
    '0',
    '9',
    'A',
    'Z',
    '_',
    'a',
    'a-b',
    'a.b',
    'a/b',
    'a0',
    'aa',
    'ab',
    'b',
    'z',
    'zz',
    'zzz',
  ]
    .concat('z'.repeat(255), `${'z'.repeat(254)}y`, 'v1.0-rc_1')
    .sort()

  test.each([
    ...names,
    ' ',
    'a ',
    'a b',
    'a\n',
    'a\0b',
    '\t',
    '!',
    '~',
    'a~b',
    'é',
    'aé',
    'a-é',
    'zzé',
    'a\u007f',
    'a\u0080b',
    '\u{1F6A2}',
    'a\uD800',
    'a\uFFFF',
    'a/../b',
    'a%2fb',
    'a'.repeat(400),
    'z'.repeat(299),
    `${'z'.repeat(300)}é`,
    `${'z'.repeat(254)}é`,
    `${'z'.repeat(255)} `,
  ])('%j', (text) => {
    const { last } = parsePage(new URLSearchParams([['last', text]]))
    expect(last).toMatch(/^[!-~]{0,301}$/)
    expect(names.filter((name) => name > last)).toEqual(names.filter((name) => name > text))
  })
})

describe('nextPageLink', () => {
  test.each([
    ['/v2/app/tags/list', 5, 'v1', '</v2/app/tags/list?n=5&last=v1>; rel="next"'],
    ['/v2/app/tags/list?n=5', 5, 'v1', '</v2/app/tags/list?n=5&last=v1>; rel="next"'],
    ['/v2/app/tags/list?last=v0&n=5', 5, 'v1', '</v2/app/tags/list?last=v1&n=5>; rel="next"'],
    ['/v2/app/tags/list?n=5000&last=v0', 1000, 'v1', '</v2/app/tags/list?n=1000&last=v1>; rel="next"'],
    [
      '/v2/app/referrers/d?artifactType=application%2Fvnd.a%2Bjson&n=2',
      2,
      'x',
      '</v2/app/referrers/d?artifactType=application%2Fvnd.a%2Bjson&n=2&last=x>; rel="next"',
    ],
    ['/v2/_catalog?n=1', 1, 'a/b', '</v2/_catalog?n=1&last=a%2Fb>; rel="next"'],
    ['/v2/_catalog', 1, 'a>; rel="prev', '</v2/_catalog?n=1&last=a%3E%3B+rel%3D%22prev>; rel="next"'],
    ['/v2/_catalog?n=5&n=7&last=a&last=b', 5, 'c', '</v2/_catalog?n=5&last=c>; rel="next"'],
  ])('%s, %i after %s', (path, limit, last, want) => {
    expect(nextPageLink(new URL(path, 'https://registry.test'), limit, last)).toBe(want)
  })

  test.each(['v1', 'a/b', 'a&b=c', 'a+b', '100%', '"<>"'])('asks for what comes after %s', (last) => {
    const link = nextPageLink(new URL('https://registry.test/v2/app/tags/list?x=y'), 7, last)
    const [, target = ''] = /^<([^<>"]*)>; rel="next"$/.exec(link) ?? []
    const { searchParams } = new URL(target, 'https://registry.test')
    expect(parsePage(searchParams)).toEqual({ limit: 7, last })
    expect(searchParams.get('x')).toBe('y')
  })
})
