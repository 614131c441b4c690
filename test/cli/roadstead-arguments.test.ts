import { expect, test } from 'vitest'

import { momentOf, parseExpiry, parseWhen } from '../../src/cli/roadstead/moments.ts'
import { parseRegistryAddress } from '../../src/cli/roadstead/registry-address.ts'
import { table } from '../../src/cli/roadstead/table.ts'

const NOW = new Date('2026-11-24T12:00:00Z')

test.each([
  ['localhost', 'http://localhost'],
  ['localhost:5000', 'http://localhost:5000'],
  ['LOCALHOST:5000', 'http://localhost:5000'],
  ['registry.localhost:5000', 'http://registry.localhost:5000'],
  ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
  ['127.1.2.3', 'http://127.1.2.3'],
  ['[::1]:5000', 'http://[::1]:5000'],
  ['http://localhost:5000/', 'http://localhost:5000'],
  ['https://localhost:5000', 'https://localhost:5000'],
  ['registry.example.com', 'https://registry.example.com'],
  ['registry.example.com:8443', 'https://registry.example.com:8443'],
  ['https://registry.example.com/', 'https://registry.example.com'],
])('the registry %s is %s', (text, want) => {
  expect(parseRegistryAddress(text)).toBe(want)
})

test.each([
  '',
  ' ',
  'a b',
  'http://registry.example.com',
  'http://127.0.0.1.example.com',
  'http://localhost.example.com',
  'http://10.0.0.1',
  'ftp://localhost',
  'alice:token@localhost',
  'https://registry.example.com/v2/',
  'registry.example.com?x',
  'registry.example.com#x',
])('the registry "%s" is refused', (text) => {
  expect(() => parseRegistryAddress(text)).toThrow(/^Cannot use /)
})

test.each([
  ['90m', '2026-11-24T13:30:00.000Z', '2026-11-24T10:30:00.000Z'],
  ['12h', '2026-11-25T00:00:00.000Z', '2026-11-24T00:00:00.000Z'],
  ['30d', '2026-12-24T12:00:00.000Z', '2026-10-25T12:00:00.000Z'],
  ['2w', '2026-12-08T12:00:00.000Z', '2026-11-10T12:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
  ['2026-12-31T23:59:59Z', '2026-12-31T23:59:59.000Z', '2026-12-31T23:59:59.000Z'],
  ['2026-12-31T23:59:59.5+02:00', '2026-12-31T21:59:59.500Z', '2026-12-31T21:59:59.500Z'],
])('%s is %s after now, or %s before', (text, after, before) => {
  const when = parseWhen(text)
  expect([momentOf(when, NOW, 1), momentOf(when, NOW, -1)]).toEqual([after, before])
})

test.each([
  '',
  '0d',
  '-1d',
  '1.5d',
  '30',
  'd',
  '30D',
  '30 d',
  '1y',
  '99999999w',
  'never ',
  'now',
  '2026-13-01',
  '2026-02-29',
  '2026-1-1',
  '24.11.2026',
  '2026-12-31T25:00:00Z',
  '2026-12-31T12:00:00',
  '2026-12-31 12:00:00Z',
])('"%s" is no moment', (text) => {
  expect(() => parseExpiry(text)).toThrow(/^It is /)
})

test('only what expires can do so never', () => {
  expect(parseExpiry('never')).toBe('never')
  expect(() => parseWhen('never')).toThrow(/^It is /)
})

test('a table has aligned columns', () => {
  const rows = [
    ['long-name', '1', ''],
    ['b', '22', 'x'],
  ]
  expect(table(['name', 'n', 'note'], rows)).toBe('NAME        N    NOTE\nlong-name   1\nb           22   x')
  expect(table(['name', 'n'], [])).toBe('NAME   N')
})
