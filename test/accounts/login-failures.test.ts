import { expect, test } from 'vitest'

import {
  createMemoryLoginFailures,
  createPlatformLoginFailures,
  failedLogin,
  FAILURE_WINDOW_SECONDS,
  MAX_LOGIN_FAILURES,
} from '../../src/accounts/login-failures.ts'
import { RegistryError } from '../../src/oci/errors.ts'

const REFUSAL = new RegistryError('UNAUTHORIZED')

test('too many failures from one address have to wait for the next minute; others do not', async () => {
  let time = 0
  const failures = createMemoryLoginFailures(() => new Date(time))
  const fail = async (address: string | null) => (await failedLogin(failures, address, REFUSAL)).code
  for (let times = 0; times < MAX_LOGIN_FAILURES; times++) expect(await fail('192.0.2.1')).toBe('UNAUTHORIZED')
  expect(await fail('192.0.2.1')).toBe('TOOMANYREQUESTS')
  expect(await fail('192.0.2.2')).toBe('UNAUTHORIZED')
  expect(await fail(null)).toBe('UNAUTHORIZED')
  time += 1000 * FAILURE_WINDOW_SECONDS
  expect(await fail('192.0.2.1')).toBe('UNAUTHORIZED')
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['2001:db8:1::', '2001:db8:1:0'],
])('%s counts as %s', async (address, key) => {
  const keys: string[] = []
  const limit = (options: { key: string }) => {
    keys.push(options.key)
    return Promise.resolve({ success: keys.length === 1 })
  }
  const failures = createPlatformLoginFailures({ limit })
  expect((await failedLogin(failures, address, REFUSAL)).code).toBe('UNAUTHORIZED')
  const second = await failedLogin(failures, address, REFUSAL)
  expect([second.code, second.status, second.headers['Retry-After']]).toEqual(['TOOMANYREQUESTS', 429, '60'])
  expect(keys).toEqual([key, key])
})
