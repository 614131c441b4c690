import { countedMethod, type Observer } from './answered.ts'

/** Counts in memory, for a registry that is one process. */
export interface Counters {
  readonly observe: Observer
  /** Everything since the start, in Prometheus' text format 0.0.4. */
  readonly text: () => string
}

/** What is counted without labels: by the name in the tally, and in the text. */
const TOTALS = [
  ['pushedBytes', 'pushed_bytes', 'Bytes of blobs and manifests that clients have sent.'],
  ['pulledBytes', 'pulled_bytes', 'Bytes of blobs and manifests that clients were given, or told where to get.'],
  ['sharedBlobs', 'shared_blobs', 'Blobs that were not stored again, since the registry had them.'],
  ['sharedBytes', 'shared_bytes', 'Bytes of those blobs.'],
] as const

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export function createCounters(version: string): Counters {
  const requests = new Map<string, number>()
  const seconds = new Map<string, number>()
  const errors = new Map<string, number>()
  const totals = { pushedBytes: 0, pulledBytes: 0, sharedBlobs: 0, sharedBytes: 0 }

  return {
    observe(answered) {
      const { tally, status, code, milliseconds } = answered
      const labels = `route="${tally.route}",method="${countedMethod(answered)}"`
      add(requests, `${labels},status="${status}"`, 1)
      add(seconds, labels, milliseconds / 1000)
      if (code !== null) add(errors, `code="${code}"`, 1)
      for (const [name] of TOTALS) totals[name] += tally[name]
    },
    text: () =>
      [
        family('build_info', 'gauge', 'The release that runs.', new Map([[`version="${version}"`, 1]])),
        family('requests_total', 'counter', 'Requests answered.', requests),
        family('request_seconds_total', 'counter', 'Time until their answers began.', seconds),
        family('errors_total', 'counter', 'Errors answered, by code.', errors),
        ...TOTALS.map(([name, label, help]) =>
          family(`${label}_total`, 'counter', help, new Map([['', totals[name]]])),
        ),
      ].join(''),
  }
}

function add(counts: Map<string, number>, labels: string, count: number): void {
  counts.set(labels, (counts.get(labels) ?? 0) + count)
}

function family(name: string, type: 'counter' | 'gauge', help: string, values: ReadonlyMap<string, number>): string {
  const lines = [...values].map(
    ([labels, value]) => `roadstead_${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`,
  )
  return `# HELP roadstead_${name} ${help}\n# TYPE roadstead_${name} ${type}\n${lines.join('')}`
}
