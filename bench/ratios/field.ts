import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { startDockerEngine } from '../../test/e2e/support/docker-engine.ts'
import { measure, type Contestant } from './measure.ts'
import { plainStore } from './plain-store.ts'
import { startTargets, type Target } from './targets.ts'
import { docker, skopeo } from './transfers.ts'

/** What every contestant has to move once before anything is measured. */
const TRIAL = { name: 'trial', layers: [100_000] }

/** All that takes part. */
export interface Field {
  /** In the order of the table. */
  readonly targets: readonly Target[]
  readonly contestants: readonly Contestant[]
  /** What does not take part, and why. */
  readonly notes: readonly string[]
}

/** Ends something that was started. */
export type End = () => Promise<unknown>

/**
 * Starts the stores, the registries and docker's engine, and tries each pair of client and target once. Targets that
 * may fail are left out when they do.
 *
 * @param folder that exists, for everything
 * @param skip names of targets that do not take part
 * @param ends is given what ends it all, also when this throws
 */
export async function startField(folder: string, skip: readonly string[], ends: End[]): Promise<Field> {
  const started = (await startTargets(folder, ends)).filter(({ name }) => !skip.includes(name))
  const engine = await startDockerEngine(join(folder, 'engine'), 'localhost')
  ends.push(() => engine.daemon.stop())

  const own = async (name: string) => {
    await mkdir(join(folder, name))
    return join(folder, name)
  }
  const clients = { skopeo: skopeo(await own('skopeo')), docker: docker(engine.host, await own('docker')) }
  const plainFolder = await own('plain')
  const notes: string[] = []
  const [targets, contestants]: [Target[], Contestant[]] = [[], []]
  for (const target of started) {
    const pairs: Contestant[] =
      target.bare === null
        ? Object.entries(clients).map(([client, prepare]) => ({ client, target, prepare }))
        : [{ client: null, target, prepare: plainStore(target.bare, plainFolder) }]
    try {
      for (const pair of pairs) await measure(pair, TRIAL)
    } catch (error) {
      if (!target.mayFail) throw error
      notes.push(`${target.name} does not work: ${lastLine(error)}`)
      continue
    }
    targets.push(target)
    contestants.push(...pairs)
  }
  return { targets, contestants, notes }
}

/** Clients give their reason last. */
function lastLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? ''
}
