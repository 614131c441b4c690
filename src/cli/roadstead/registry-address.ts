import { CommandFailure, EXIT } from './failure.ts'

/** A registry's origin, such as `https://registry.example.com` or `http://localhost:5000`. */
export type RegistryAddress = string & { readonly __brand: 'RegistryAddress' }

/**
 * An address as people write it: `localhost:5000`, `registry.example.com`, or with its scheme. It is https unless it is
 * of this machine: a token must not cross a network in the clear.
 *
 * @throws {CommandFailure} that does not repeat what may hold a password
 */
export function parseRegistryAddress(text: string): RegistryAddress {
  const withScheme = text.includes('://') ? text : `https://${text}`
  const url = URL.parse(withScheme)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw wrong('this registry', 'it is to be an address such as localhost:5000 or https://registry.example.com')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw wrong(`registry "${url.host}"`, 'there must be nothing after its name and port')
  const local = isThisMachine(url.hostname)
  if (url.protocol === 'http:' && !local)
    throw wrong(`registry "${url.host}"`, 'plain http would show your token to the network (https does not)')
  if (withScheme !== text && local) url.protocol = 'http:'
  return url.origin as RegistryAddress
}

/** As it stands in names of images. */
export function hostOf(registry: RegistryAddress): string {
  return new URL(registry).host
}

/** By a name under which what is sent stays here. */
export function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(\.\d+){3}$|^\[::1\]$/.test(hostname)
}

function wrong(what: string, why: string): CommandFailure {
  return new CommandFailure(`Cannot use ${what}: ${why}`, EXIT.usage)
}
