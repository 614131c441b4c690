import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { S3Settings } from '../../../src/node/store.ts'
import { createBucket } from '../../ceph/ceph.ts'
import { type Daemon, freePorts, startDaemon } from './daemon.ts'

const REPOSITORY_FOLDER = resolve(import.meta.dirname, '../../..')

export interface RunningRegistry {
  /** As a client names it: `localhost:PORT`. */
  readonly host: string
  readonly ports: readonly [port: number, storagePort: number]
  /** Its data folder. */
  readonly data: string
  /** Its bucket; `null` when it keeps its images in the data folder. */
  readonly s3: S3Settings | null
  readonly daemon: Daemon
}

/**
 * Starts Roadstead as its user does, below `folder`; on the given ports when it is to be found again.
 *
 * @param storage in which it has a bucket that belongs to the folder; `null` for the embedded store
 */
export function startRegistry(
  folder: string,
  storage: S3Settings | null,
  ports?: readonly [number, number],
): Promise<RunningRegistry> {
  return start(folder, storage, { ports, options: ['--open'], env: {} })
}

export interface RegistryWithAccounts extends RunningRegistry {
  /** Of the administrator `admin`. */
  readonly adminToken: string
}

/**
 * The same with accounts, which is how it is started unless its user says otherwise.
 *
 * @param options.env variables of the registry, such as `OIDC_ISSUERS`
 */
export async function startRegistryWithAccounts(
  folder: string,
  storage: S3Settings | null,
  { ports, env = {} }: { ports?: readonly [number, number]; env?: Record<string, string> } = {},
): Promise<RegistryWithAccounts> {
  const running = await start(folder, storage, { ports, options: [], env })
  return { ...running, adminToken: readFileSync(join(running.data, 'admin-token'), 'utf8').trim() }
}

interface StartOptions {
  readonly ports: readonly [number, number] | undefined
  /** Of `npm start`. */
  readonly options: readonly string[]
  readonly env: Record<string, string>
}

async function start(
  folder: string,
  storage: S3Settings | null,
  { ports, options: more, env }: StartOptions,
): Promise<RunningRegistry> {
  const [port = 0, storagePort = 0] = ports ?? (await freePorts(2))
  const data = join(folder, 'data')
  mkdirSync(folder, { recursive: true })
  const options = [...more, '--port', String(port), '--storage-port', String(storagePort), '--data', data]
  const s3 = storage && (await createBucket({ ...storage, bucket: bucketOf(folder) }))
  if (s3) options.push('--s3-endpoint', s3.endpoint)
  const daemon = await startDaemon('npm', ['start', '--', ...options], {
    cwd: REPOSITORY_FOLDER,
    env: { ...variablesOf(s3), ...env },
    log: join(folder, 'registry.log'),
    ready: (log) => log.includes('Roadstead is ready'),
  })
  return { host: `localhost:${port}`, ports: [port, storagePort], data, s3, daemon }
}

function bucketOf(folder: string): string {
  return `e2e-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
}

/** Those of the machine's own user must not reach the registry either. */
function variablesOf(s3: S3Settings | null): Record<string, string> {
  return {
    S3_ENDPOINT: '',
    S3_BUCKET: s3?.bucket ?? '',
    S3_REGION: s3?.region ?? '',
    S3_ACCESS_KEY_ID: s3?.accessKeyId ?? '',
    S3_SECRET_ACCESS_KEY: s3?.secretAccessKey ?? '',
    S3_PATH_STYLE: s3?.pathStyle ?? '',
    ADMIN_TOKEN: '',
    TOKEN_SECRET: '',
    TOKEN_SECRET_PREVIOUS: '',
    OIDC_ISSUERS: '',
  }
}
