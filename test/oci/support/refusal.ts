import { expect } from 'vitest'

import { RegistryError } from '../../../src/oci/errors.ts'

/** The refusal that `act` throws; anything else fails the test. */
export function refusal(act: () => unknown): RegistryError {
  try {
    act()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RegistryError)
    return thrown as RegistryError
  }
  return expect.fail('nothing was refused')
}

/** The refusal that a promise is rejected with; anything else fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<RegistryError> {
  try {
    await promise
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RegistryError)
    return thrown as RegistryError
  }
  return expect.fail('nothing was refused')
}
