import { expect, test } from 'vitest'

import { parseChunkRange } from '../../src/oci/byte-range.ts'
import { refusal } from './support/refusal.ts'

test.each([
  ['0-0', 0, 0],
  ['0-4', 0, 4],
  ['5-9', 5, 9],
  ['007-009', 7, 9],
  ['5368709120-10737418239', 5_368_709_120, 10_737_418_239],
  ['999999999999998-999999999999999', 999_999_999_999_998, 999_999_999_999_999],
  [' 0-4 ', 0, 4],
  ['bytes 0-4', 0, 4], // as HTTP has it for responses
  ['bytes=0-4', 0, 4],
  ['bytes 0-4/5', 0, 4],
  ['bytes 0-4/*', 0, 4],
])('%j', (text, first, last) => {
  expect(parseChunkRange(text)).toEqual({ first, last })
})

test.each([
  '',
  '-',
  '0',
  '0-',
  '-4',
  '5-4',
  '10-9',
  '-1-4',
  '0--4',
  '0-4-8',
  '0-4,6-8',
  '0 - 4',
  '+0-4',
  '0x0-4',
  '0-1e3',
  '0.5-4',
  'a-b',
  'bytes',
  'bytes 0',
  'bytes */5',
  'items 0-4',
  'Bytes 0-4',
  '0-4/',
  '0-4/x',
  '0-4\n5-9',
  '0-1000000000000000', // beyond what a number holds exactly lies not far
  '9007199254740993-9007199254740993',
  '\u0660-\u0664',
])('%j is no range of a chunk', (text) => {
  expect(refusal(() => parseChunkRange(text))).toMatchObject({ code: 'RANGE_INVALID', status: 416 })
})

test('a refusal repeats no more of a long header than one needs to find it', () => {
  const [detail] = refusal(() => parseChunkRange('9'.repeat(100_000))).details
  expect(String(detail).length).toBeLessThan(200)
})
