import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { readOptions, setting } from '../node/args.ts'
import { openDataFolder } from '../node/data-folder.ts'
import { StartFailure } from '../node/failure.ts'
import { probeStorage } from '../node/probe-storage.ts'
import { startStore, type S3Settings } from '../node/store.ts'
import type { StoreFeature } from '../storage/object-store.ts'
import { runCommand, type Run } from './command.ts'
import { openWorkshop } from './doctor/bench.ts'
import { PROBES, runProbe } from './doctor/examine.ts'
import { lineOf, type Finding } from './doctor/finding.ts'
import { externalStorage } from './open-registry.ts'

const HELP = `Tells whether the registry would be safe on a storage: npm run doctor -- [options]

  --json             one JSON object a line, the last one the summary
  --data DIR         the folder of the embedded store (.roadstead), when no other storage is named
  --s3-endpoint URL  the S3-compatible storage to ask; the same as S3_ENDPOINT in the environment

With an endpoint, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set in the environment; S3_REGION,
S3_PATH_STYLE and S3_FEATURES can be. It writes below doctor/ in the bucket, and removes it all.
Each line is "ok", "warn" (the registry works, something beside it does not) or "FAIL", and what was seen.
Exit status: 0 when the registry would be safe there, 1 when not, 2 when it cannot ask.`

const FEATURES: readonly StoreFeature[] = ['checksum-sha256']
const TIMEOUT_MS = 10_000

interface DoctorOptions {
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
  return diagnose(options, run)
})

function parseOptions(argv: readonly string[]): DoctorOptions | null {
  const values = readOptions(() =>
    parseArgs({
      args: [...argv],
      options: {
        json: { type: 'boolean', default: false },
        data: { type: 'string', default: '.roadstead' },
        's3-endpoint': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }),
  )
  if (values.help) return null
  return { json: values.json, data: resolve(values.data), s3Endpoint: values['s3-endpoint'] }
}

/** @returns the exit status */
async function diagnose({ json, data, s3Endpoint }: DoctorOptions, run: Run): Promise<number> {
  const count = { ok: 0, warn: 0, fail: 0 }
  const features: StoreFeature[] = []
  const report = (finding: Finding) => {
    count[finding.verdict]++
    if (finding.feature !== undefined) features.push(finding.feature)
    console.log(json ? JSON.stringify(finding) : lineOf(finding))
  }
  const external = externalStorage(process.env, s3Endpoint)
  const s3 = external === null ? await startEmbedded(data, run) : await reach(external, report)
  const claimed = (setting(process.env, 'S3_FEATURES') ?? '').split(',').map((name) => name.trim())
  const workshop = openWorkshop({
    ...s3,
    pathStyle: s3.pathStyle === 'true',
    features: new Set(FEATURES.filter((feature) => claimed.includes(feature))),
    timeoutMs: TIMEOUT_MS,
  })
  let underWay: Promise<unknown> = Promise.resolve()
  run.onEnd(async () => {
    await underWay
    await workshop.clear().catch((error: unknown) => {
      console.error(`Cannot remove all that was written below doctor/: ${String(error)}`)
    })
  })
  for (const probe of PROBES) {
    const finding = runProbe(workshop, probe)
    underWay = finding
    report(await finding)
    run.signal.throwIfAborted()
  }

  const settings = settingsOf(external === null ? null : s3, features)
  const safe = count.fail === 0
  if (json) console.log(JSON.stringify({ safe, ...count, settings }))
  else console.log(summary(safe, count, settings))
  return safe ? 0 : 1
}

/** The embedded store of a data folder that no registry uses. */
async function startEmbedded(data: string, run: Run): Promise<S3Settings> {
  const folder = openDataFolder(data)
  run.onEnd(() => {
    folder.release()
  })
  const store = await startStore(data)
  run.onEnd(() => store.stop())
  return store.s3
}

/**
 * The storage as it answers: with the bucket in the path or in the host name, whatever the settings say.
 *
 * @throws {StartFailure} when it does not
 */
async function reach(s3: S3Settings, report: (finding: Finding) => void): Promise<S3Settings> {
  try {
    await probeStorage(s3)
    return s3
  } catch (error) {
    const other = { ...s3, pathStyle: s3.pathStyle === 'true' ? 'false' : 'true' }
    const answers = await probeStorage(other).then(
      () => true,
      () => false,
    )
    if (!answers) throw error
    const reason = error instanceof StartFailure ? error.message : String(error)
    const seen = `S3_PATH_STYLE=${other.pathStyle} works, ${s3.pathStyle} does not: ${reason}`
    report({ name: 'path-style', verdict: 'fail', seen })
    return other
  }
}

/** Without the keys. The embedded store needs none: `npm start` knows them. */
function settingsOf(s3: S3Settings | null, features: readonly StoreFeature[]): Record<string, string> {
  return {
    ...(s3 === null
      ? {}
      : {
          S3_ENDPOINT: s3.endpoint,
          S3_BUCKET: s3.bucket,
          S3_REGION: s3.region,
          S3_PATH_STYLE: s3.pathStyle,
        }),
    ...(features.length === 0 ? {} : { S3_FEATURES: features.join(',') }),
  }
}

function summary(
  safe: boolean,
  count: Readonly<Record<'ok' | 'warn' | 'fail', number>>,
  settings: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return [
    '',
    `${safe ? 'Safe' : 'Not safe'} for a registry: ${count.ok} ok, ${count.warn} to know of, ${count.fail} failed.`,
    ...(lines.length === 0 ? ['It needs no settings.'] : ['Settings to use, beside the keys:', ...lines]),
  ].join('\n')
}
