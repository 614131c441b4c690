import { createHash } from 'node:crypto'

import { checkStorage } from '../../../src/maintenance/check-storage.ts'
import type { BreachKind } from '../../../src/maintenance/finding.ts'
import type { World } from './world.ts'

const known = new Map<string, readonly string[]>()

/**
 * Nothing in storage contradicts the invariants. What a client has deleted while another made use of it is no
 * breach: `allowed` names what may be missed for that reason.
 */
export async function checkStored(world: World, allowed: readonly BreachKind[] = []): Promise<void> {
  const state = fingerprintOf(world)
  let found = known.get(state)
  if (found === undefined) {
    const breaches: string[] = []
    for await (const { severity, kind, key, detail } of checkStorage(world.bucket, { verify: true }))
      if (severity === 'breach') breaches.push(`${kind}: ${key}: ${detail}`)
    found = breaches
    known.set(state, found) // most orders end alike
  }
  const breaches = found.filter((breach) => !allowed.some((kind) => breach.startsWith(kind)))
  if (breaches.length > 0) throw new Error(breaches.join('\n'))
}

export function fingerprintOf({ objects, kv }: World): string {
  const hash = createHash('sha256')
  for (const key of [...objects.keys()].sort()) hash.update(`${key}\n`).update(objects.get(key)?.bytes ?? '')
  for (const key of [...kv.entries.keys()].sort()) hash.update(`${key} ${kv.entries.get(key)?.digest ?? ''}\n`)
  return hash.digest('hex')
}
