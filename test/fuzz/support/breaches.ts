import { checkStorage } from '../../../src/maintenance/check-storage.ts'
import type { Finding, FindingKind } from '../../../src/maintenance/finding.ts'
import type { MemoryRegistry } from '../../suites/registry-under-test.ts'

/** A client may delete what a manifest still names: the spec forbids refusing it, and the manifest stays. */
const ASKED_FOR: readonly FindingKind[] = ['manifest-without-blob', 'manifest-without-child']

/**
 * What contradicts the invariants in a registry's storage, its blobs' bytes included; as lines for people.
 *
 * @param deleted whether a client has deleted something
 */
export async function breachesOf(registry: MemoryRegistry, deleted: boolean): Promise<string[]> {
  await registry.idle()
  const breaches: Finding[] = []
  for await (const finding of checkStorage(registry.objects, { verify: true }))
    if (finding.severity === 'breach' && !(deleted && ASKED_FOR.includes(finding.kind))) breaches.push(finding)
  return breaches.map(({ kind, key, detail }) => `${kind} ${key}: ${detail}`)
}
