import { expect, test } from 'vitest'

import { createToken, hashOf, hasHash, parseToken, refreshTokenOf } from '../../src/auth/access-token.ts'

test.each([
  ['personal', /^rdstp_[0-9A-Za-z]{54}$/],
  ['robot', /^rdstr_[0-9A-Za-z]{54}$/],
] as const)('a %s token is known by its looks, and read back', (kind, form) => {
  const token = createToken(kind)
  expect(token.text).toMatch(form)
  expect(parseToken(token.text)).toEqual(token)
})

test('no two are alike, and every letter comes up', () => {
  const texts = Array.from({ length: 500 }, () => createToken('robot').text.slice(6, 54))
  expect(new Set(texts).size).toBe(texts.length)
  expect(new Set(texts.join('')).size).toBe(62)
})

test('one changed or missing character is found without asking anybody', () => {
  const { text } = createToken('personal')
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === 'x' ? 'y' : 'x'
    expect(parseToken(text.slice(0, at) + other + text.slice(at + 1))).toBeNull()
    expect(parseToken(text.slice(0, at) + text.slice(at + 1))).toBeNull()
  }
  for (const wrong of ['', text + text, ` ${text}`, `${text}\n`]) expect(parseToken(wrong)).toBeNull()
})

test('a refresh token comes from its token, and tells nothing of it', () => {
  const token = createToken('personal')
  const refresh = refreshTokenOf(token)
  expect(refresh).toEqual(refreshTokenOf(token))
  expect(parseToken(refresh.text)).toEqual({ kind: 'refresh', id: token.id, text: refresh.text })
  expect(refresh.text).not.toContain(token.text.slice(22, 54))
  expect(refreshTokenOf(createToken('personal')).text).not.toBe(refresh.text)
})

test('a hash is of one secret', () => {
  const { text } = createToken('robot')
  expect(hashOf(text)).toMatch(/^[0-9a-f]{64}$/)
  expect(hasHash(text, hashOf(text))).toBe(true)
  for (const hash of [hashOf(`${text} `), '', text]) expect(hasHash(text, hash)).toBe(false)
})
