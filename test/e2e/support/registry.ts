import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { S3Settings } from '../../../src/node/store.ts'
import { createBucket } from '../../ceph/ceph.ts'
import { isWithoutTerraform } from '../../infra/support/terraform.ts'
import { type Daemon, freePorts, startDaemon } from './daemon.ts'
import { run } from './run.ts'

const DEPLOYED = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'deployed.ts')]
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
 * @param storage in which it has a bucket that belongs to the folder, and then it runs as Terraform deploys it; `null` for
 * the embedded store
 */
export function startRegistry(
  folder: string,
  storage: S3Settings | null,
  ports?: readonly [number, number],
): Promise<RunningRegistry> {
  return start(folder, storage, { ports, options: ['--open'], env: {}, deployed: true })
}

/** The same, by `npm start` whatever the storage is: for tests of that command. */
export function startByNpm(
  folder: string,
  storage: S3Settings | null,
  ports?: readonly [number, number],
): Promise<RunningRegistry> {
  return start(folder, storage, { ports, options: ['--open'], env: {}, deployed: false })
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
  const running = await start(folder, storage, { ports, options: [], env, deployed: true })
  return { ...running, adminToken: readFileSync(join(running.data, 'admin-token'), 'utf8').trim() }
}

interface StartOptions {
  readonly ports: readonly [number, number] | undefined
  /** Of `npm start`. */
  readonly options: readonly string[]
  readonly env: Record<string, string>
  /** Whether, over a storage of its own, it runs as Terraform deploys it. */
  readonly deployed: boolean
}

async function start(
  folder: string,
  storage: S3Settings | null,
  { ports, options: more, env, deployed }: StartOptions,
): Promise<RunningRegistry> {
  const [port = 0, storagePort = 0] = ports ?? (await freePorts(2))
  const data = join(folder, 'data')
  mkdirSync(folder, { recursive: true })
  const options = [...more, '--port', String(port), '--data', data]
  const s3 = storage && (await createBucket({ ...storage, bucket: bucketOf(folder) }))
  const local = [...options, '--storage-port', String(storagePort), ...(s3 ? ['--s3-endpoint', s3.endpoint] : [])]
  const [command, args] =
    s3 && deployed && (await canDeploy())
      ? [process.execPath, [...DEPLOYED, ...options]]
      : ['npm', ['start', '--', ...local]]
  const daemon = await startDaemon(command, args, {
    cwd: REPOSITORY_FOLDER,
    env: { ...variablesOf(s3), ...env },
    log: join(folder, 'registry.log'),
    ready: (log) => log.includes('Roadstead is ready'),
  })
  return { host: `localhost:${port}`, ports: [port, storagePort], data, s3, daemon }
}

let canDeployHere: Promise<boolean> | null = null

/** Builds what is deployed, once; says so where Terraform is missing, and its module cannot be asked what that is. */
function canDeploy(): Promise<boolean> {
  canDeployHere ??= (async () => {
    if (isWithoutTerraform()) {
      console.warn('The registries of these tests are started by npm start, not as deployed: terraform not found')
      return false
    }
    await run('npm', ['run', '-s', 'build'], { cwd: REPOSITORY_FOLDER })
    return true
  })()
  return canDeployHere
}

function bucketOf(folder: string): string {
  return `e2e-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
}

/** Those of the machine's own user must not reach the registry either. */
function variablesOf(s3: S3Settings | null): Record<string, string> {
  return {
    S3_ENDPOINT: s3?.endpoint ?? '',
    S3_BUCKET: s3?.bucket ?? '',
    S3_REGION: s3?.region ?? '',
    S3_ACCESS_KEY_ID: s3?.accessKeyId ?? '',
    S3_SECRET_ACCESS_KEY: s3?.secretAccessKey ?? '',
    S3_PATH_STYLE: s3?.pathStyle ?? '',
    ADMIN_TOKEN: '',
    TOKEN_SECRET: '',
    TOKEN_SECRET_PREVIOUS: '',
    OIDC_ISSUERS: '',
    PUBLIC_ORIGIN: '',
    BLOB_REDIRECT_ORIGIN: '',
    LOG_REQUESTS: '',
  }
}
