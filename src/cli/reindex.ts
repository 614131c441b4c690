import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { reindexTags, type ReindexPoint } from '../maintenance/reindex-tags.ts'
import { readOptions } from '../node/args.ts'
import { StartFailure } from '../node/failure.ts'
import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { runCommand, type Run } from './command.ts'
import { openReindexState } from './reindex-state.ts'
import { openTagStores } from './tag-stores.ts'

const HELP = `Rebuilds the index of tags in KV from what is stored, while the registry runs: npm run reindex -- [options]

  --data DIR          the local registry's folder (.roadstead), whether the registry runs or not
  --s3-endpoint URL   the S3-compatible storage that it uses, if any; the same as S3_ENDPOINT in the environment
  --from REPOSITORY   begin at this repository, and leave out those before it
  --state FILE        where it keeps how far it has come (reindex.json in --data)

For a registry on Cloudflare set S3_ENDPOINT and the keys of its storage, KV_NAMESPACE_ID, CLOUDFLARE_ACCOUNT_ID and
CLOUDFLARE_API_TOKEN (which may edit Workers KV).
A run that was broken off is continued by the next one. Exit status: 0 when all is indexed; 1 when a tag could not be
read; 2 when it cannot run or go on.`

interface ReindexOptions {
  /** Absolute path. */
  readonly data: string
  /** Absolute path. */
  readonly state: string
  readonly from: RepositoryName | null
  readonly s3Endpoint: string | undefined
}

/** Between two lines that say how far it has come. */
const REPORT_MS = 10_000

await runCommand(async (run) => {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    console.log(HELP)
    return 0
  }
  return reindex(options, run)
})

function parseOptions(argv: readonly string[]): ReindexOptions | null {
  const values = readOptions(() =>
    parseArgs({
      args: [...argv],
      options: {
        data: { type: 'string', default: '.roadstead' },
        's3-endpoint': { type: 'string' },
        from: { type: 'string' },
        state: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }),
  )
  if (values.help) return null
  const { from, data } = values
  if (from !== undefined && !isRepositoryName(from))
    throw new StartFailure(`Cannot begin at "${from}": it is no repository's name`)
  const state = resolve(values.state ?? join(data, 'reindex.json'))
  return { data: resolve(data), state, from: from ?? null, s3Endpoint: values['s3-endpoint'] }
}

/** @returns the exit status */
async function reindex(options: ReindexOptions, run: Run): Promise<number> {
  const { objects, tagIndex, name } = await openTagStores(options, process.env, run)
  const state = openReindexState(options.state, name, new Date())
  const from = options.from === null ? state.from : { repository: options.from, tag: null }
  if (from !== null) console.error(`Going on at ${placeOf(from)}`)

  let unreadable = 0
  let reported = Date.now()
  const { tags, removed } = await reindexTags(objects, tagIndex, {
    from,
    onProgress: (point, written) => {
      run.signal.throwIfAborted()
      state.save(point)
      if (Date.now() - reported < REPORT_MS) return
      reported = Date.now()
      console.error(`${written} tags so far, at ${placeOf(point)}`)
    },
    onUnreadable: (repository, tag) => {
      unreadable++
      console.error(`Cannot index tag "${repository}:${tag}": its record cannot be read (see npm run fsck)`)
    },
  })
  state.remove()
  console.log(`${tags} tags indexed, ${removed} entries of no tag removed: ${name}`)
  return unreadable === 0 ? 0 : 1
}

function placeOf({ repository, tag }: ReindexPoint): string {
  return tag === null ? repository : `${repository}, after tag ${tag}`
}
