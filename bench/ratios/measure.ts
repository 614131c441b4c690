import { randomUUID } from 'node:crypto'

import { run } from '../../test/e2e/support/run.ts'
import { cpuSeconds } from '../process-usage.ts'
import { THIS_PROCESS, type Target } from './targets.ts'
import type { Prepare } from './transfers.ts'
import type { Workload } from './workloads.ts'

export type Direction = 'push' | 'pull'

/** One client with one target. */
export interface Contestant {
  /** `null` for plain requests to a store. */
  readonly client: string | null
  readonly target: Target
  readonly prepare: Prepare
}

export interface Sample extends Pick<Contestant, 'client' | 'target'> {
  readonly workload: Workload
  readonly direction: Direction
  readonly seconds: number
  /** Seconds of processor time, by process. */
  readonly cpu: Readonly<Record<string, number>>
}

/** Pushes an image of fresh bytes and pulls it again. */
export async function measure(contestant: Contestant, workload: Workload): Promise<readonly Sample[]> {
  const { client, target, prepare } = contestant
  const transfer = await prepare(workload.layers, `${target.host}/bench/${randomUUID()}:v1`)
  try {
    const push = await sample('push', () => transfer.push())
    await transfer.clear()
    return [push, await sample('pull', () => transfer.pull())]
  } finally {
    await transfer.clear()
  }

  async function sample(direction: Direction, act: () => Promise<unknown>): Promise<Sample> {
    await run('sync', []) // or the disk is still busy with what came before
    const before = usage(target)
    const start = performance.now()
    await act()
    const seconds = (performance.now() - start) / 1000
    const after = usage(target)
    const cpu = Object.fromEntries(Object.entries(after).map(([name, used]) => [name, used - (before[name] ?? 0)]))
    return { client, target, workload, direction, seconds, cpu }
  }
}

function usage({ processes }: Target): Record<string, number> {
  return Object.fromEntries(
    Object.entries(processes).map(([name, pid]) => [name, pid === THIS_PROCESS ? ownCpuSeconds() : cpuSeconds(pid)]),
  )
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
