/**
 * `npm run bench:ratios`: wall time of pushes and pulls by real clients, Roadstead's beside those of Debian's
 * docker-registry and of plain requests to the same store, all in one run; then each process's memory and processor time.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

import { missingCommands } from '../test/e2e/support/missing-commands.ts'
import { startField, type End } from './ratios/field.ts'
import { measure, type Contestant, type Sample } from './ratios/measure.ts'
import { HELP, parseOptions, type Options } from './ratios/options.ts'
import { processesTable, timesTable } from './ratios/report.ts'
import { workloads } from './ratios/workloads.ts'

const COMMANDS = ['docker', 'docker-registry', 'dockerd', 'skopeo', 'tar']

const options = parseOptions(process.argv.slice(2))
const missing = missingCommands(COMMANDS)
if (options === null) console.log(HELP)
else if (missing.length > 0) throw new Error(`Cannot measure: ${missing.join(', ')} not found`)
else await main(options)

async function main(asked: Options): Promise<void> {
  const ends: End[] = []
  let ending: Promise<void> | null = null
  const end = () => (ending ??= endAll(ends))
  process.once('SIGINT', () => void end().finally(() => process.exit(1)))
  try {
    const folder = await mkdtemp(join(tmpdir(), 'roadstead-ratios-'))
    ends.push(() => rm(folder, { recursive: true }))
    await compare(folder, ends, asked)
  } finally {
    await end()
  }
}

/** What was started last is ended first, and each is ended whatever becomes of the others. */
async function endAll(ends: End[]): Promise<void> {
  const failures: unknown[] = []
  for (const end of ends.splice(0).reverse()) await end().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw new AggregateError(failures, 'Cannot end all that was started')
}

async function compare(folder: string, ends: End[], { runs, scale, skip }: Options): Promise<void> {
  const { targets, contestants, notes } = await startField(folder, skip, ends)
  const work = workloads(scale)
  const before = load()
  const samples: Sample[] = []
  for (let turn = 0; turn < runs; turn++) {
    for (const workload of work) {
      for (const contestant of inTurn(contestants, turn)) {
        const measured = await measure(contestant, workload)
        samples.push(...measured)
        console.error(measured.map(lineOf).join('\n')) // a run takes its time: this shows how far it is
      }
    }
  }
  console.log(`Wall seconds, the median of ${runs}; fresh bytes each time.`)
  console.log(`${cpus().length} processors; load average before ${before}, after ${load()}.\n`)
  console.log(timesTable(samples, targets))
  console.log('\nPeak memory of the whole run, and seconds of processor time for 100 MB.\n')
  console.log(processesTable(samples, targets))
  for (const note of notes) console.log(`\n${note}`)
}

/** Each turn begins with another one, and every second goes backwards: what comes first or last is not always the same. */
function inTurn(contestants: readonly Contestant[], turn: number): readonly Contestant[] {
  const start = turn % contestants.length
  const rotated = [...contestants.slice(start), ...contestants.slice(0, start)]
  return turn % 2 === 0 ? rotated : rotated.reverse()
}

function lineOf({ client, target, workload, direction, seconds }: Sample): string {
  return `${direction} ${workload.name}, ${client ?? 'no client'}, ${target.name}: ${seconds.toFixed(2)} s`
}

function load(): string {
  return loadavg()
    .map((average) => average.toFixed(1))
    .join(' ')
}
