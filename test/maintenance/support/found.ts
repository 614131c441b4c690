import { checkStorage, type CheckOptions } from '../../../src/maintenance/check-storage.ts'
import type { Finding } from '../../../src/maintenance/finding.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'

export async function findingsOf(objects: ObjectStore, options?: CheckOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of checkStorage(objects, options)) findings.push(finding)
  return findings
}
