import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { compatibilityDate } from './build.ts'
import { errorCode, firstLine, StartFailure } from './failure.ts'
import { createWorkerLog, workerdOptions } from './worker-log.ts'

/** An S3-compatible storage and the keys to it; each field is the Worker's variable of the same name. */
export interface S3Settings {
  /** URL without the bucket. */
  endpoint: string
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** `'true'` when the bucket stands in the path, `'false'` when in the host name. */
  pathStyle: string
}

/** A store that is running. */
export interface Store {
  s3: S3Settings
  stop(): Promise<void>
}

const BUCKET = 'roadstead'
const KEY_ID_BYTES = 16
const SECRET_BYTES = 32
const NOTHING_HERE = 'export default { fetch: () => new Response(null, { status: 404 }) }'

/**
 * The embedded S3-compatible store: Miniflare's R2 endpoint in a workerd of its own, on a free port of 127.0.0.1.
 * Objects lie in `dir`/store; the keys are made once and kept in `dir`/credentials.json.
 *
 * @param dir a folder that exists and that no other process uses
 * @throws {StartFailure} when workerd does not start
 */
export async function startStore(dir: string): Promise<Store> {
  const credentials = readCredentials(join(dir, 'credentials.json'))
  const log = createWorkerLog()
  const miniflare = new Miniflare({
    ...workerdOptions(log),
    resourcePersistencePath: join(dir, 'store'),
    workers: [
      {
        config: {
          name: 'store',
          compatibilityDate: compatibilityDate(),
          manifest: { mainModule: 'store.js', modules: { 'store.js': { type: 'esm', contents: NOTHING_HERE } } },
          env: { BUCKET: { type: 'r2', name: BUCKET, dev: { experimentalS3Credentials: credentials } } },
        },
      },
    ],
  })
  try {
    const { port } = await miniflare.ready
    log.open()
    const endpoint = `http://127.0.0.1:${port}/cdn-cgi/local/r2/s3`
    return {
      s3: { endpoint, bucket: BUCKET, region: 'auto', ...credentials, pathStyle: 'true' },
      stop: () => miniflare.dispose(),
    }
  } catch (error) {
    await miniflare.dispose().catch(() => undefined)
    throw new StartFailure(`Cannot start the embedded store: ${log.held()[0] ?? firstLine(error)}`)
  }
}

type Credentials = Pick<S3Settings, 'accessKeyId' | 'secretAccessKey'>

function readCredentials(path: string): Credentials {
  const refuse = (reason: string | null) =>
    new StartFailure(`Cannot read the store's keys in "${path}": ${reason} (remove the file to have new ones)`)
  try {
    const { accessKeyId, secretAccessKey } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Credentials>
    if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey }
    throw refuse('they are not there')
  } catch (error) {
    if (error instanceof StartFailure) throw error
    if (error instanceof SyntaxError) throw refuse('it is not JSON')
    if (errorCode(error) !== 'ENOENT') throw refuse(errorCode(error))
  }
  const credentials = {
    accessKeyId: randomBytes(KEY_ID_BYTES).toString('hex'),
    secretAccessKey: randomBytes(SECRET_BYTES).toString('hex'),
  }
  writeFileSync(`${path}.new`, `${JSON.stringify(credentials)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return credentials
}
