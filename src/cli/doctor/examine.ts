import { firstLine } from '../../node/failure.ts'
import { RegistryError } from '../../oci/errors.ts'
import type { Probe, Workshop } from './bench.ts'
import { Unsafe, type Finding, type Seen } from './finding.ts'
import { ACCESS_PROBES } from './probe-access.ts'
import { EXTRA_PROBES } from './probe-extras.ts'
import { LISTING_PROBES } from './probe-listing.ts'
import { MULTIPART_PROBES } from './probe-multipart.ts'
import { OBJECT_PROBES } from './probe-objects.ts'
import { PRESIGNED_PROBES } from './probe-presigned.ts'

/** All that the registry leans on. */
export const PROBES: readonly Probe[] = [
  ...ACCESS_PROBES,
  ...OBJECT_PROBES,
  ...PRESIGNED_PROBES,
  ...MULTIPART_PROBES,
  ...LISTING_PROBES,
  ...EXTRA_PROBES,
]

/** Never throws: whatever goes wrong with a probe would go wrong for the registry. */
export async function runProbe(workshop: Workshop, { name, run }: Probe): Promise<Finding> {
  const seen: Seen = await run(workshop.bench(name)).catch((error: unknown) => ({
    verdict: 'fail' as const,
    seen: error instanceof Unsafe ? error.message : reasonOf(error),
  }))
  return { name, ...seen }
}

function reasonOf(error: unknown): string {
  if (error instanceof RegistryError) return firstLine(error.cause ?? error)
  return error instanceof Error && error.cause instanceof Error
    ? `${firstLine(error)}: ${firstLine(error.cause)}`
    : firstLine(error)
}
