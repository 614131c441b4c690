import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { checkStorage } from '../maintenance/check-storage.ts'
import { readOptions } from '../node/args.ts'
import { StartFailure } from '../node/failure.ts'
import { probeStorage } from '../node/probe-storage.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { runCommand, type Run } from './command.ts'
import { externalStorage, openLocalRegistry, openObjects } from './open-registry.ts'

const HELP = `Reads all that the registry has stored, and tells what is wrong: npm run fsck -- [options]

  --verify           read every blob, and compare its bytes with its digest
  --repair           mend what can be mended while the registry is used
  --json             one JSON object a line, the last one the summary
  --data DIR         the local registry's folder (.roadstead), whether the registry runs or not
  --s3-endpoint URL  check this S3-compatible storage instead; the same as S3_ENDPOINT in the environment

A breach is what a client asks for and would not get, or not as it was pushed. A leak only takes up room.
Exit status: 0 without breaches, or all mended; 1 with breaches; 2 when it cannot run.`

interface FsckOptions {
  readonly verify: boolean
  readonly repair: boolean
  readonly json: boolean
  /** Absolute path. */
  readonly data: string
  readonly s3Endpoint: string | undefined
}

await runCommand(async (run) => {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    console.log(HELP)
    return 0
  }
  return check(await openStorage(options, run), options, run)
})

function parseOptions(argv: readonly string[]): FsckOptions | null {
  const values = readOptions(() =>
    parseArgs({
      args: [...argv],
      options: {
        verify: { type: 'boolean', default: false },
        repair: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        data: { type: 'string', default: '.roadstead' },
        's3-endpoint': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }),
  )
  if (values.help) return null
  const { verify, repair, json, data } = values
  return { verify, repair, json, data: resolve(data), s3Endpoint: values['s3-endpoint'] }
}

async function openStorage({ data, s3Endpoint }: FsckOptions, run: Run): Promise<ObjectStore> {
  const external = externalStorage(process.env, s3Endpoint)
  if (external !== null) {
    await probeStorage(external)
    return openObjects(external, process.env)
  }
  const { s3, endpoint } = await openLocalRegistry(data, [], run)
  if (s3 === null) {
    throw new StartFailure(
      `Cannot check data folder "${data}": its registry keeps images in "${endpoint}" (name that with --s3-endpoint)`,
    )
  }
  return openObjects(s3, process.env)
}

/** @returns the exit status */
async function check(objects: ObjectStore, { verify, repair, json }: FsckOptions, run: Run): Promise<number> {
  const count = { objects: 0, breach: 0, leak: 0, repaired: 0, left: 0 }
  const found = checkStorage(objects, { verify, onObject: () => count.objects++ })
  for await (const { severity, kind, key, detail, repair: mend } of found) {
    run.signal.throwIfAborted()
    const repaired = repair && mend !== undefined
    if (repaired) await mend()
    count[severity]++
    if (repaired) count.repaired++
    else if (severity === 'breach') count.left++
    const suffix = repaired ? ' (repaired)' : ''
    console.log(
      json
        ? JSON.stringify({ severity, kind, key, detail, repaired })
        : `${severity} ${kind} ${key}: ${detail}${suffix}`,
    )
  }
  const { objects: seen, breach: breaches, leak: leaks, repaired } = count
  console.log(
    json
      ? JSON.stringify({ objects: seen, breaches, leaks, repaired })
      : `${seen} objects, ${breaches} breaches, ${leaks} leaks, ${repaired} repaired`,
  )
  return count.left === 0 ? 0 : 1
}
