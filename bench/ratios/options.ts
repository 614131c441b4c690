import { parseArgs } from 'node:util'

export const HELP = `Wall time and memory of Roadstead beside Debian's docker-registry and the bare store: npm run bench:ratios -- [options]

  --runs NUMBER   pushes and pulls of each kind, of which the median is shown (3)
  --scale NUMBER  factor on the layers' sizes, such as 0.05 (1)
  --skip TARGET   leave out a column of the table, by its name; may be repeated
  --help          this text

Needs Linux, root, and the Debian packages docker.io, docker-registry and skopeo; with radosgw, ceph-mon, ceph-osd and
ceph-common it is measured on Ceph too. Exit status: 1 when something does not work, never for being slow.`

export interface Options {
  readonly runs: number
  readonly scale: number
  /** Names of targets. */
  readonly skip: readonly string[]
}

/** `null` when the user asks for help. */
export function parseOptions(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      skip: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const [runs, scale] = [Number(values.runs), Number(values.scale)]
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`Cannot use --runs "${values.runs}": it is not 1 or more`)
  if (!(scale > 0 && scale <= 1))
    throw new Error(`Cannot use --scale "${values.scale}": it is not above 0, and at most 1`)
  return { runs, scale, skip: values.skip }
}
