import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { within } from '../../src/storage/within.ts'
import { rejection } from '../oci/support/refusal.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('what comes in time is passed on, and the timer is gone', async () => {
  await expect(within(100, Promise.resolve('answer'))).resolves.toBe('answer')
  expect(vi.getTimerCount()).toBe(0)
})

test('what fails in time fails with its own error, and the timer is gone', async () => {
  const failure = new Error('no')
  await expect(within(100, Promise.reject(failure))).rejects.toBe(failure)
  expect(vi.getTimerCount()).toBe(0)
})

test('what does not come is given up when its time has passed, and not before', async () => {
  let given = false
  const error = rejection(within(100, new Promise(() => undefined))).finally(() => (given = true))
  await vi.advanceTimersByTimeAsync(99)
  expect(given).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await error).toMatchObject({ code: 'UNAVAILABLE', status: 503 })
})

test('what fails after that is heeded no more', async () => {
  const late = Promise.withResolvers<never>()
  const error = rejection(within(100, late.promise))
  await vi.advanceTimersByTimeAsync(100)
  expect((await error).code).toBe('UNAVAILABLE')
  late.reject(new Error('too late')) // an unhandled rejection would fail the run
  await vi.advanceTimersByTimeAsync(1)
})
