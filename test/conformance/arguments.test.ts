import { expect, test } from 'vitest'

import { ALL_ROWS } from './all-rows.ts'
import { parseArguments } from './arguments.ts'

const URL_ARGUMENT = 'http://localhost:5000'

test.each([
  ['', /^Cannot check "": it is not a URL/],
  ['localhost:5000', /^Cannot check "localhost:5000": it is not a URL/],
  ['http://', /^Cannot check "http:\/\/": it is not a URL/],
  ['http://one http://two', /^Cannot check more than one registry: http:\/\/one http:\/\/two/],
  ['http://one --no-such-option', /--no-such-option/],
])('%s is refused', (line, message) => {
  expect(() => parseArguments(line.split(' '), {})).toThrow(message)
})

test('the login is of the options, or of the environment, or nobody', () => {
  const env = { REGISTRY_USER: 'me', REGISTRY_PASSWORD: 'env' }
  expect(parseArguments([URL_ARGUMENT], {})?.login).toBeNull()
  expect(parseArguments([URL_ARGUMENT], env)?.login).toEqual({ user: 'me', password: 'env' })
  expect(parseArguments([URL_ARGUMENT, '--user', 'you'], env)?.login).toEqual({ user: 'you', password: 'env' })
})

test('only the origin of the URL is kept', () => {
  expect(parseArguments(['https://registry.example:443/v2/'], {})?.url).toBe('https://registry.example')
})

test('--filter takes the beginning of an id, or words of the section or the sentence', () => {
  const picked = (...args: string[]) => {
    const { picks } = parseArguments([URL_ARGUMENT, ...args], {}) ?? { picks: () => false }
    return ALL_ROWS.filter(picks).map(({ id }) => id)
  }
  expect(picked()).toEqual(ALL_ROWS.map(({ id }) => id))
  expect(picked('--filter', 'cancel-')).toEqual(['cancel-1', 'cancel-2', 'cancel-3'])
  expect(picked('--filter', 'Warnings')).toEqual(['warning-1'])
  expect(picked('--filter', 'n=0 gives an empty list')).toEqual(['tag-5'])
  expect(picked('--must-only').length).toBe(ALL_ROWS.filter(({ level }) => level === 'MUST').length)
})

test('--help is for nobody else', () => {
  expect(parseArguments(['--help'], {})).toBeNull()
})
