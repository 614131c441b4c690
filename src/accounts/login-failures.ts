import { RegistryError } from '../oci/errors.ts'

/** Counts the logins that have failed, by the address that they came from. */
export interface LoginFailures {
  /** Notes one more; answers whether there were too many of late. */
  tooMany(address: string): Promise<boolean>
}

/** The platform counts by the minute, too. */
export const FAILURE_WINDOW_SECONDS = 60
export const MAX_LOGIN_FAILURES = 20
const MAX_ADDRESSES = 10_000

/** Within this isolate: for where the platform counts nothing. */
export function createMemoryLoginFailures(now: () => Date): LoginFailures {
  let counts = new Map<string, number>()
  let window = 0
  return {
    tooMany(address) {
      const current = Math.floor(now().getTime() / 1000 / FAILURE_WINDOW_SECONDS)
      if (current !== window || counts.size > MAX_ADDRESSES) {
        counts = new Map()
        window = current
      }
      const count = (counts.get(address) ?? 0) + 1
      counts.set(address, count)
      return Promise.resolve(count > MAX_LOGIN_FAILURES)
    },
  }
}

/** The platform's own, for each of its locations: the binding `LOGIN_FAILURES`. */
export function createPlatformLoginFailures(binding: {
  limit(options: { key: string }): Promise<{ success: boolean }>
}): LoginFailures {
  return {
    async tooMany(address) {
      return !(await binding.limit({ key: address })).success
    },
  }
}

/** Who has one IPv6 address has 2^64 of them, and counts as one. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length
  return [...groups, ...new Array<string>(Math.max(missing, 0)).fill('0')].slice(0, 4).join(':')
}

/**
 * What a failed login is answered with: after too many from one address, that it has to wait. A right one is let in all the
 * same: others may share the address.
 */
export async function failedLogin(
  failures: LoginFailures,
  address: string | null,
  refusal: RegistryError,
): Promise<RegistryError> {
  if (!(await failures.tooMany(networkOf(address ?? '')))) return refusal
  return new RegistryError('TOOMANYREQUESTS', {
    headers: { 'Retry-After': String(FAILURE_WINDOW_SECONDS) },
    detail: 'too many failed logins from this address',
  })
}
