import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { errorCode, firstLine, StartFailure } from './failure.ts'
import type { S3Settings } from './store.ts'
import type { TlsFiles } from './tls-certificate.ts'

export const HELP = `Runs the whole registry on this machine: npm start -- [options]

  --port NUMBER          port of the registry (5000); 0 takes any free one
  --host ADDRESS         address to listen on (127.0.0.1)
  --storage-port NUMBER  port on which clients fetch layers (the port after --port)
  --data DIR             where everything is kept (.roadstead)
  --s3-endpoint URL      keep images in this S3-compatible storage instead of --data
  --tls-cert FILE        speak TLS on both ports, with this certificate (PEM) and
  --tls-key FILE         its private key; a renewed one is taken within a minute
  --log-requests         a line of JSON on standard error for each request
  --open                 no accounts: whoever reaches the registry can push, pull and delete
  --help                 this text

With --s3-endpoint, or S3_ENDPOINT in the environment: S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set;
S3_REGION (auto) and S3_PATH_STYLE (true) can be. S3_FEATURES, S3_TIMEOUT_MS, TAG_READS, EDGE_CACHE_SECONDS,
ADMIN_TOKEN, TOKEN_SECRET, TOKEN_SECRET_PREVIOUS, OIDC_ISSUERS, PUBLIC_ORIGIN, BLOB_REDIRECT_ORIGIN and LOG_REQUESTS
reach the registry in any case.
Exit status: 0 when stopped, 1 when it cannot start or run.`

/** What the user asked for, checked. */
export interface Options {
  host: string
  /** 0 is any free port. */
  port: number
  /** 0 is any free port. */
  storagePort: number
  /** Absolute path. */
  data: string
  /** Whether everybody may do everything. */
  open: boolean
  /** `null` for plain HTTP. */
  tls: TlsFiles | null
  /** The storage to use; `null` for the embedded one. */
  s3: S3Settings | null
  /** Further variables of the Worker that the environment sets. */
  settings: Readonly<Record<string, string>>
}

/** Variables of the Worker that are the same with any storage. */
const PASSED_ON = [
  'S3_FEATURES',
  'S3_TIMEOUT_MS',
  'TAG_READS',
  'EDGE_CACHE_SECONDS',
  'ADMIN_TOKEN',
  'TOKEN_SECRET',
  'TOKEN_SECRET_PREVIOUS',
  'OIDC_ISSUERS',
  'PUBLIC_ORIGIN',
  'BLOB_REDIRECT_ORIGIN',
  'LOG_REQUESTS',
]

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Options from the command line and the environment; `null` when the user asks for help.
 *
 * @throws {StartFailure} naming the option or the variable
 */
export function parseOptions(argv: readonly string[], env: Environment): Options | null {
  const values = parseCommandLine(argv)
  if (values.help) return null

  const port = parsePort('--port', values.port)
  const storagePort = values['storage-port']
    ? parsePort('--storage-port', values['storage-port'])
    : defaultStoragePort(port)
  if (port === storagePort && port !== 0) {
    throw new StartFailure(`Cannot use port ${port} twice: --port and --storage-port must differ`)
  }
  const endpoint = values['s3-endpoint'] ?? setting(env, 'S3_ENDPOINT')
  return {
    host: values.host,
    port,
    storagePort,
    data: resolve(values.data),
    open: values.open,
    tls: parseTlsFiles(values['tls-cert'], values['tls-key']),
    s3: endpoint === null ? null : parseS3Settings(endpoint, env),
    settings: { ...passedOn(env), ...(values['log-requests'] ? { LOG_REQUESTS: 'all' } : {}) },
  }
}

function parseCommandLine(argv: readonly string[]) {
  return readOptions(() =>
    parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string', default: '5000' },
        host: { type: 'string', default: '127.0.0.1' },
        'storage-port': { type: 'string' },
        data: { type: 'string', default: '.roadstead' },
        's3-endpoint': { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        'log-requests': { type: 'boolean', default: false },
        open: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  )
}

/**
 * The options that `parse`, a call of `parseArgs`, finds.
 *
 * @throws {StartFailure} for a command line that it refuses
 */
export function readOptions<V>(parse: () => { values: V }): V {
  try {
    return parse().values
  } catch (error) {
    if (!errorCode(error)?.startsWith('ERR_PARSE_ARGS')) throw error
    const [reason = ''] = firstLine(error).split('. ')
    throw new StartFailure(`Cannot read the options: ${reason} (see --help)`)
  }
}

function parsePort(option: string, text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new StartFailure(`Cannot use ${option} "${text}": it is not a port number from 0 to 65535`)
  }
  return port
}

function parseTlsFiles(cert: string | undefined, key: string | undefined): TlsFiles | null {
  if (cert === undefined && key === undefined) return null
  if (!key) throw new StartFailure('Cannot use --tls-cert without --tls-key: TLS needs both')
  if (!cert) throw new StartFailure('Cannot use --tls-key without --tls-cert: TLS needs both')
  return { cert: resolve(cert), key: resolve(key) }
}

function defaultStoragePort(port: number): number {
  if (port === 65535) throw new StartFailure('Cannot use the port after 65535 for the storage: name a --storage-port')
  return port === 0 ? 0 : port + 1
}

/**
 * The external storage whose endpoint this is; the rest is in the environment.
 *
 * @throws {StartFailure} naming the variable
 */
export function parseS3Settings(endpoint: string, env: Environment): S3Settings {
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw new StartFailure(`Cannot use storage "${endpoint}": it is not an http or https URL`)
  }
  const required = (name: string): string => {
    const value = setting(env, name)
    if (value === null)
      throw new StartFailure(`Cannot use storage "${endpoint}": ${name} is not set in the environment`)
    return value
  }
  return {
    endpoint,
    bucket: required('S3_BUCKET'),
    region: setting(env, 'S3_REGION') ?? 'auto',
    accessKeyId: required('S3_ACCESS_KEY_ID'),
    secretAccessKey: required('S3_SECRET_ACCESS_KEY'),
    pathStyle: setting(env, 'S3_PATH_STYLE') ?? 'true',
  }
}

function passedOn(env: Environment): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const name of PASSED_ON) {
    const value = setting(env, name)
    if (value !== null) settings[name] = value
  }
  return settings
}

/** A variable that is set but empty counts as unset. */
export function setting(env: Environment, name: string): string | null {
  const value = env[name]
  return value === undefined || value === '' ? null : value
}
