import { CommandFailure } from '../failure.ts'
import { isThisMachine, parseRegistryAddress, type RegistryAddress } from '../registry-address.ts'

/**
 * An address as for the other commands, and plain http of other machines too: that is a finding.
 *
 * @throws {CommandFailure}
 */
export function parseAddressToExamine(text: string): RegistryAddress {
  const url = URL.parse(text)
  const bare = url?.username === '' && url.password === '' && url.pathname === '/' && url.search + url.hash === ''
  if (url?.protocol === 'http:' && bare && !isThisMachine(url.hostname)) return url.origin as RegistryAddress
  return parseRegistryAddress(text)
}

/** Whether a login that is sent there can be read on the way. */
export function isInTheClear(registry: RegistryAddress): boolean {
  try {
    parseRegistryAddress(registry)
    return false
  } catch (error) {
    if (error instanceof CommandFailure) return true
    throw error
  }
}
