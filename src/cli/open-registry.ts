import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { parseS3Settings, setting, type Environment } from '../node/args.ts'
import { StartFailure } from '../node/failure.ts'
import { killGroup, OWN_GROUP } from '../node/process-group.ts'
import { readRunning, type Running } from '../node/running.ts'
import type { S3Settings } from '../node/store.ts'
import { createKvRestTagIndex } from '../storage/kv/kv-rest-tag-index.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { createS3ObjectStore } from '../storage/s3/s3-object-store.ts'
import { checkingSchema } from '../storage/schema-version.ts'
import type { Run } from './command.ts'

const RUNNER = join(import.meta.dirname, '../node/run.ts')
const TIMEOUT_MS = 10_000
const STOP_MS = 5_000
/** What the registry says of its fault comes by another way than its end, and maybe later. */
const LAST_WORDS_MS = 500

/**
 * The registry of a data folder: the one that runs there, or else one that is started for this command alone, on ports
 * that nobody knows, and that ends with it.
 *
 * @param args for `npm start`, where it matters to what is started
 * @throws {StartFailure} when there is none, or it does not start
 */
export async function openLocalRegistry(data: string, args: readonly string[], run: Run): Promise<Running> {
  const found = await knock(data)
  if (found !== null) return found
  if (!existsSync(join(data, 'lock.sqlite'))) {
    throw new StartFailure(`Cannot use data folder "${data}": no registry has run there (choose another: --data)`)
  }
  await startRegistry(data, args, run)
  const started = await knock(data)
  if (started === null) throw new StartFailure(`Cannot use data folder "${data}": its registry does not answer`)
  return started
}

/** The storage that the environment names; `null` for none. */
export function externalStorage(env: Environment, endpoint: string | undefined): S3Settings | null {
  const named = endpoint ?? setting(env, 'S3_ENDPOINT')
  return named === null ? null : parseS3Settings(named, env)
}

/** That storage. It refuses a schema that is newer than this release. */
export function openObjects(s3: S3Settings, env: Environment): ObjectStore {
  const timeout = Number(setting(env, 'S3_TIMEOUT_MS') ?? TIMEOUT_MS)
  const objects = createS3ObjectStore({
    ...s3,
    pathStyle: s3.pathStyle === 'true',
    features: new Set(),
    timeoutMs: Number.isSafeInteger(timeout) && timeout > 0 ? timeout : TIMEOUT_MS,
  })
  return checkingSchema(objects)
}

/** What a running registry has written down; `null` when nobody answers there, as after a `kill -9`. */
async function knock(data: string): Promise<Running | null> {
  const written = readRunning(data)
  if (written === null) return null
  const answers = await createKvRestTagIndex(written.door, () => Promise.reject(new Error('no second try')))
    .list(null)
    .then(
      () => true,
      () => false,
    )
  return answers ? written : null
}

/** It ends when this process does, however that ends: the channel between the two closes then. */
async function startRegistry(data: string, args: readonly string[], run: Run): Promise<void> {
  const child = fork(RUNNER, ['--port', '0', '--storage-port', '0', '--data', data, ...args], {
    ...OWN_GROUP,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve()
    })
  })
  run.onEnd(async () => {
    if (child.connected) child.disconnect()
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid)
    }, STOP_MS)
    await ended
    clearTimeout(timer)
  })
  const [isReady, reason] = [firstText(child.stdout), firstText(child.stderr)]
  if (await Promise.race([isReady, ended.then(() => null)])) {
    child.stderr?.pipe(process.stderr)
    return
  }
  const unsaid = delay(LAST_WORDS_MS, null).then(() => 'it ended without a word')
  throw new StartFailure((await Promise.race([reason, unsaid])).trim())
}

/** What is written first. All is read: a full pipe would hold the writer up. */
function firstText(output: Readable | null): Promise<string> {
  return new Promise((resolve) => {
    output?.on('data', (text: unknown) => {
      resolve(String(text))
    })
  })
}
