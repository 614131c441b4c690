import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Miniflare } from 'miniflare'
import { compatibilityDate } from './build.ts'
import { firstLine, StartFailure } from './failure.ts'
import type { S3Settings } from './store.ts'
import type { TagStore } from './maintenance-door.ts'
import { createWorkerLog, workerdOptions } from './worker-log.ts'

export interface RegistryOptions {
  /** The Worker, one ES module. */
  script: string
  /** Where KV is kept. It belongs to one storage: tags of another are not to be found here. */
  dir: string
  /** The storage that the Worker talks to. */
  s3: S3Settings
  /** More variables of the Worker. */
  settings?: Readonly<Record<string, string>>
  /**
   * The Worker's `BLOB_REDIRECT_ORIGIN`: origin of the presigned URLs that clients are given, in place of the storage's
   * own. `{hostname}` in it stands for the host name by which the client came. `null` leaves it unset.
   */
  redirectOrigin?: string | null
}

/** A Worker that is running. */
export interface Registry {
  /** Port on 127.0.0.1 where it answers HTTP. */
  port: number
  /** KV, as the Worker has it. Ask for it anew each time: workerd may have been started again. */
  tagStore(): Promise<TagStore>
  stop(): Promise<void>
}

const NAME = 'roadstead'
const FIRST_ANSWER_MS = 30_000
/** What a Worker says of its fault comes by another way than its answer, and a little later. */
const LAST_WORDS_MS = 200

/**
 * Runs the Worker in a workerd of its own, on a free port of 127.0.0.1, with KV on disk and an edge cache that starts empty.
 *
 * @throws {StartFailure} when the Worker does not start, or answers its first request with a fault
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  // What is cached may name the port of a store that has another one now.
  rmSync(join(options.dir, 'cache'), { recursive: true, force: true })
  const log = createWorkerLog()
  const miniflare = new Miniflare({
    ...workerdOptions(log),
    resourcePersistencePath: options.dir,
    workers: [
      {
        config: {
          name: NAME,
          compatibilityDate: compatibilityDate(),
          manifest: { mainModule: 'worker.js', modules: { 'worker.js': { type: 'esm', contents: options.script } } },
          env: { TAGS: { type: 'kv', id: 'tags' }, ...textBindings(options) },
        },
        // Straight to the Worker: the entrance of Miniflare compresses answers and drops their length.
        dev: { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] },
      },
    ],
  })
  try {
    await miniflare.ready
    const url = await miniflare.unsafeGetDirectURL(NAME)
    await checkFirstAnswer(url)
    log.open()
    return {
      port: Number(url.port),
      tagStore: () => miniflare.getKVNamespace('TAGS', NAME),
      stop: () => miniflare.dispose(),
    }
  } catch (error) {
    await delay(LAST_WORDS_MS)
    await miniflare.dispose().catch(() => undefined)
    const reason = faultIn(log.held()[0])?.replace(/^(service \S+: |Uncaught |(Setting)?Error: |Cannot start: )+/, '')
    throw new StartFailure(`Cannot start the Worker: ${firstLine(reason ?? error)}`)
  }
}

/** What a line of the log says went wrong: the Worker writes JSON, workerd plain text. */
function faultIn(line: string | undefined): string | undefined {
  try {
    const { fault } = JSON.parse(line ?? '') as { fault?: unknown }
    return typeof fault === 'string' ? fault : line
  } catch {
    return line
  }
}

function textBindings({ s3, settings, redirectOrigin }: RegistryOptions) {
  const values: Record<string, string> = {
    ...settings,
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: s3.bucket,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    S3_PATH_STYLE: s3.pathStyle,
    ...(redirectOrigin ? { BLOB_REDIRECT_ORIGIN: redirectOrigin } : {}),
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { type: 'text' as const, value }]))
}

/** A Worker reads its configuration at the first request, so that a fault in it shows only now. */
async function checkFirstAnswer(url: URL): Promise<void> {
  const response = await fetch(new URL('/v2/', url), { signal: AbortSignal.timeout(FIRST_ANSWER_MS) })
  const text = await response.text()
  if (response.status >= 500) throw new Error(`it answers ${response.status} to GET /v2/: ${firstLine(text)}`)
}
