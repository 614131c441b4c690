import { isIP } from 'node:net'

import { Broken, ok } from './finding.ts'
import { reasonOf, resolveInTime } from './send.ts'
import type { Visit } from './visit.ts'

/** @returns whether there is somebody to ask */
export async function probeDns({ registry, network, check }: Visit): Promise<boolean> {
  const hostname = registry.hostname.replace(/^\[|\]$/g, '')
  return check('dns', async () => {
    if (isIP(hostname) !== 0) return ok(`${hostname} is an address`)
    const todo = `add a record for ${hostname}, or wait: a custom domain of a Worker takes minutes to become active; a name of this network alone (registry.local) goes into the hosts file of each client`
    const found = await resolveInTime(network, hostname).catch((error: unknown) => {
      throw new Broken(`${hostname} does not resolve: ${reasonOf(error)}`, todo)
    })
    if (found.length === 0) throw new Broken(`${hostname} has no address`, todo)
    const families = new Set(found.map(({ family }) => family))
    const only = families.size > 1 ? '' : families.has(6) ? ' (IPv6 alone)' : ' (IPv4 alone)'
    return ok(`${hostname} is ${[...new Set(found.map(({ address }) => address))].join(', ')}${only}`)
  })
}
