const MB = 1_000_000

export interface Workload {
  readonly name: string
  /** Bytes of random, so incompressible, content in each layer. */
  readonly layers: readonly number[]
}

/** @param scale factor on every layer's size */
export function workloads(scale: number): readonly Workload[] {
  const workload = (count: number, megabytes: number): Workload => ({
    name: `${count} × ${Number((megabytes * scale).toPrecision(3))} MB`,
    layers: Array.from({ length: count }, () => Math.round(megabytes * scale * MB)),
  })
  return [workload(1, 90), workload(1, 300), workload(20, 1)]
}

export function bytesOfWorkload({ layers }: Workload): number {
  return layers.reduce((sum, size) => sum + size, 0)
}
