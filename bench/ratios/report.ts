import { megabytes } from '../process-usage.ts'
import type { Direction, Sample } from './measure.ts'
import { NAMES, THIS_PROCESS, type Target } from './targets.ts'
import { bytesOfWorkload } from './workloads.ts'

const DIRECTIONS: readonly Direction[] = ['push', 'pull']
const CPU_UNIT_BYTES = 100_000_000

/** Seconds of one target over those of another. */
const RATIOS: readonly (readonly [of: string, to: string])[] = [
  [NAMES.roadstead, NAMES.dockerRegistry],
  [NAMES.roadstead, NAMES.plain],
  [NAMES.roadsteadOnCeph, NAMES.dockerRegistryOnCeph],
  [NAMES.roadsteadOnCeph, NAMES.plainOnCeph],
]

/** One line for each workload, client and direction: median seconds with each target, then the ratios. */
export function timesTable(samples: readonly Sample[], targets: readonly Target[]): string {
  const names = targets.map(({ name }) => name)
  const ratios = RATIOS.filter((pair) => pair.every((name) => names.includes(name)))
  const clients = unique(samples.map(({ client }) => client)).filter((client) => client !== null)
  const lines = unique(samples.map(({ workload }) => workload)).flatMap((workload) =>
    clients.flatMap((client) =>
      DIRECTIONS.map((direction) => {
        const seconds = (name: string) =>
          median(
            samples
              .filter((sample) => sample.workload === workload && sample.direction === direction)
              .filter((sample) => sample.target.name === name && (sample.client ?? client) === client)
              .map((sample) => sample.seconds),
          )
        const times = names.map((name) => seconds(name).toFixed(2))
        return [
          workload.name,
          client,
          direction,
          ...times,
          ...ratios.map(([of, to]) => ratio(seconds(of), seconds(to))),
        ]
      }),
    ),
  )
  return table(['layers', 'client', '', ...names, ...ratios.map(([of, to]) => `${of} ÷ ${to}`)], lines)
}

/** One line for each process: its peak memory, and its processor time for 100 MB that were pushed or pulled. */
export function processesTable(samples: readonly Sample[], targets: readonly Target[]): string {
  const columns = DIRECTIONS.flatMap((direction) =>
    unique(samples.map(({ workload }) => workload)).map((workload) => ({ direction, workload })),
  )
  const lines = targets.flatMap((target) =>
    Object.entries(target.processes).map(([name, pid]) => [
      target.name,
      name,
      pid === THIS_PROCESS ? '' : String(megabytes(pid, 'VmHWM')),
      ...columns.map(({ direction, workload }) => {
        const of = samples.filter((sample) => sample.target === target && sample.workload === workload)
        const used = of.filter((sample) => sample.direction === direction).map(({ cpu }) => cpu[name] ?? 0)
        const seconds = used.reduce((sum, more) => sum + more, 0)
        return ((seconds / used.length / bytesOfWorkload(workload)) * CPU_UNIT_BYTES).toFixed(2)
      }),
    ]),
  )
  return table(['target', 'process', 'peak MB', ...columns.map((of) => `${of.direction} ${of.workload.name}`)], lines)
}

function ratio(seconds: number, to: number): string {
  return (seconds / to).toFixed(2)
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [upper = NaN, lower = NaN] = [sorted[middle], sorted[middle - 1]]
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)]
}
