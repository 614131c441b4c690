import { expect, test } from 'vitest'

import { PRESIGN_EXPIRY_SECONDS, PRESIGN_WINDOW_SECONDS, presignWindowStart } from '../../src/storage/object-store.ts'

test.each([
  ['2026-10-01T12:00:00.000Z', '2026-10-01T12:00:00.000Z'],
  ['2026-10-01T12:00:00.001Z', '2026-10-01T12:00:00.000Z'],
  ['2026-10-01T12:29:59.999Z', '2026-10-01T12:00:00.000Z'],
  ['2026-10-01T12:30:00.000Z', '2026-10-01T12:30:00.000Z'],
  ['2026-10-01T23:59:59.999Z', '2026-10-01T23:30:00.000Z'],
])('the window of %s begins at %s', (now, start) => {
  expect(presignWindowStart(new Date(now)).toISOString()).toBe(start)
})

test('a URL given at the end of its window holds for as long again, and no longer than S3 allows', () => {
  expect(PRESIGN_EXPIRY_SECONDS).toBeGreaterThanOrEqual(2 * PRESIGN_WINDOW_SECONDS)
  expect(PRESIGN_EXPIRY_SECONDS).toBeLessThanOrEqual(7 * 24 * 60 * 60)
})
