import { join } from 'node:path'

import { bundleWorker } from '../../src/node/build.ts'
import { startLocal } from '../../src/node/local.ts'
import type { S3Settings } from '../../src/node/store.ts'
import { startCephIfThere } from '../../test/ceph/ceph.ts'
import { workerds } from '../process-usage.ts'
import { startDockerRegistry } from './docker-registry.ts'

/** This process itself, in place of a pid. */
export const THIS_PROCESS = 0

/** A registry, or a bare store, that is running. */
export interface Target {
  readonly name: string
  /** `127.0.0.1:PORT` of a registry; of no meaning for a bare store. */
  readonly host: string
  /** The bare store; `null` for a registry. */
  readonly bare: S3Settings | null
  /** The pids whose memory and processor time are looked at, by what the table calls them. */
  readonly processes: Readonly<Record<string, number>>
  /** Whether the others go on without it. */
  readonly mayFail: boolean
}

/** Names in the table, for whoever computes ratios. */
export const NAMES = {
  roadstead: 'Roadstead',
  dockerRegistry: 'docker-registry, files',
  plain: 'plain requests',
  dockerRegistryOnEmbedded: 'docker-registry, embedded store',
  roadsteadOnCeph: 'Roadstead, Ceph',
  dockerRegistryOnCeph: 'docker-registry, Ceph',
  plainOnCeph: 'plain requests, Ceph',
}

/**
 * Roadstead and Debian's docker-registry, each on every store that is there, and the bare stores. The S3 driver of
 * docker-registry may fail: it asks for more than every store has.
 *
 * @param folder that exists
 * @param ends is given what ends them, also when this throws
 */
export async function startTargets(folder: string, ends: (() => Promise<unknown>)[]): Promise<readonly Target[]> {
  const script = await bundleWorker()
  const targets: Target[] = []

  const embedded = await roadstead(NAMES.roadstead, null)
  await dockerRegistry(NAMES.dockerRegistry, null)
  bare(NAMES.plain, embedded.s3, embedded.storeProcesses)
  await dockerRegistry(NAMES.dockerRegistryOnEmbedded, embedded.s3)

  const ceph = await startCephIfThere()
  if (ceph === null) return targets
  ends.push(() => ceph.stop())
  await roadstead(NAMES.roadsteadOnCeph, ceph.s3)
  await dockerRegistry(NAMES.dockerRegistryOnCeph, ceph.s3)
  bare(NAMES.plainOnCeph, ceph.s3, {})
  return targets

  /** As `npm start` runs it; `null` for the embedded store. Answers the store that it uses. */
  async function roadstead(name: string, external: S3Settings | null) {
    const before = workerds()
    let withStore: readonly number[] = []
    const local = await startLocal({
      data: join(folder, name),
      open: true,
      script,
      s3: external,
      // Called between the starts of the two workerds, which tells them apart.
      s3EndpointForWorker: (endpoint) => {
        withStore = workerds()
        return endpoint
      },
    })
    ends.push(() => local.stop())
    const [store] = withStore.filter((pid) => !before.includes(pid))
    const [worker] = workerds().filter((pid) => !withStore.includes(pid))
    if (worker === undefined) throw new Error('Cannot measure: no workerd was started')
    const storeProcesses: Record<string, number> = store === undefined ? {} : { 'store (workerd)': store }
    const processes = { 'Worker (workerd)': worker, 'listeners (Node)': THIS_PROCESS, ...storeProcesses }
    const host = `127.0.0.1:${new URL(local.url).port}`
    targets.push({ name, host, bare: null, processes, mayFail: false })
    return { s3: local.s3, storeProcesses }
  }

  async function dockerRegistry(name: string, s3: S3Settings | null): Promise<void> {
    const { host, daemon } = await startDockerRegistry(join(folder, name), s3)
    ends.push(() => daemon.stop())
    targets.push({ name, host, bare: null, processes: { 'docker-registry': daemon.pid }, mayFail: s3 !== null })
  }

  function bare(name: string, s3: S3Settings, processes: Target['processes']): void {
    targets.push({ name, host: 'store', bare: s3, processes, mayFail: false })
  }
}
