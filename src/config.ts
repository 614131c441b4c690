import { SettingError, type SettingName } from './settings.ts'
import type { StoreFeature } from './storage/object-store.ts'
import type { S3Settings } from './storage/s3-settings.ts'

/** Bindings, variables and secrets of the Worker, as the platform hands them over. */
export interface Env {
  readonly TAGS: KVNamespace
  /** The platform's rate limiting, where it is bound. */
  readonly LOGIN_FAILURES?: RateLimit
  readonly METRICS?: AnalyticsEngineDataset
  readonly [setting: string]: unknown
}

export interface Config {
  readonly s3: S3Settings
  readonly blobRedirectOrigin: string | null
  /** May hold `{host}`. `null`: where each request says that it is. */
  readonly publicOrigin: string | null
  readonly freshTagReads: boolean
  /** 0 for no edge cache. */
  readonly edgeCacheSeconds: number
  readonly logsRequests: boolean
  readonly showsMetrics: boolean
  /** What tokens and upload sessions are signed with: the first one signs, all of them verify. */
  readonly secrets: readonly string[]
  /** `null` for a registry that is open to everybody. */
  readonly accounts: { readonly adminToken: string | null; readonly oidcIssuers: readonly string[] } | null
}

const OIDC_ISSUERS = 'https://token.actions.githubusercontent.com, https://gitlab.com'
/** A text that nobody guesses. */
const MIN_SECRET_LENGTH = 32

const FEATURES: readonly string[] = ['checksum-sha256'] satisfies StoreFeature[]

/**
 * Reads every setting once; settings.ts tells what each is for.
 *
 * @throws {SettingError} for one that is missing or wrong
 */
export function parseConfig(env: Env): Config {
  const open = oneOf(env, 'ACCESS', ['accounts', 'open']) === 'open'
  if (typeof env.TAGS !== 'object') throw new SettingError('TAGS', 'is missing')
  return {
    s3: {
      endpoint: checkedUrl('S3_ENDPOINT', required(env, 'S3_ENDPOINT')),
      bucket: required(env, 'S3_BUCKET'),
      region: optional(env, 'S3_REGION') ?? 'auto',
      accessKeyId: required(env, 'S3_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'S3_SECRET_ACCESS_KEY'),
      pathStyle: oneOf(env, 'S3_PATH_STYLE', ['true', 'false']) === 'true',
      features: parseFeatures(optional(env, 'S3_FEATURES') ?? ''),
      timeoutMs: number(env, 'S3_TIMEOUT_MS', /^[1-9]\d{0,6}$/, 'milliseconds') ?? 10_000,
    },
    blobRedirectOrigin: parseOrigin(env, 'BLOB_REDIRECT_ORIGIN', '{hostname}'),
    publicOrigin: parseOrigin(env, 'PUBLIC_ORIGIN', '{host}'),
    freshTagReads: oneOf(env, 'TAG_READS', ['fast', 'fresh']) === 'fresh',
    edgeCacheSeconds: number(env, 'EDGE_CACHE_SECONDS', /^\d{1,5}$/, 'seconds') ?? 60,
    logsRequests: oneOf(env, 'LOG_REQUESTS', ['all', 'none']) === 'all',
    showsMetrics: oneOf(env, 'METRICS_PAGE', ['off', 'on']) === 'on',
    secrets: parseSecrets(env, open),
    accounts: open ? null : parseAccounts(env),
  }
}

/**
 * The storage's own secret unless there are others: nobody who has it needs a token of ours. Anybody gets a token that is
 * signed, and can try secrets on it at leisure: a short one will not do.
 */
function parseSecrets(env: Env, open: boolean): readonly string[] {
  const current = secret(env, 'TOKEN_SECRET') ?? required(env, 'S3_SECRET_ACCESS_KEY')
  if (!open && current.length < MIN_SECRET_LENGTH)
    throw new SettingError('TOKEN_SECRET', 'is missing, and S3_SECRET_ACCESS_KEY is too short to sign tokens with')
  const previous = secret(env, 'TOKEN_SECRET_PREVIOUS')
  return previous === null ? [current] : [current, previous]
}

function parseAccounts(env: Env): Config['accounts'] {
  const issuers = (optional(env, 'OIDC_ISSUERS') ?? OIDC_ISSUERS).split(',').map((name) => name.trim())
  for (const issuer of issuers.filter((name) => name !== '')) {
    const { protocol, hostname } = new URL(checkedUrl('OIDC_ISSUERS', issuer))
    if (protocol !== 'https:' && !isLoopback(hostname))
      throw new SettingError('OIDC_ISSUERS', `has "${issuer}", which is not on https`)
  }
  return { adminToken: secret(env, 'ADMIN_TOKEN'), oidcIssuers: issuers.filter((name) => name !== '') }
}

function secret(env: Env, name: SettingName): string | null {
  const value = optional(env, name)
  if (value !== null && value.length < MIN_SECRET_LENGTH)
    throw new SettingError(name, `has fewer than ${MIN_SECRET_LENGTH} characters`)
  return value
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function optional(env: Env, name: SettingName): string | null {
  const value = env[name]
  return typeof value === 'string' && value !== '' ? value : null
}

function required(env: Env, name: SettingName): string {
  const value = optional(env, name)
  if (value === null) throw new SettingError(name, 'is missing')
  return value
}

/** The first of the values is what it is when it is not set. */
function oneOf(env: Env, name: SettingName, values: readonly [string, ...string[]]): string {
  const value = optional(env, name) ?? values[0]
  if (!values.includes(value)) throw new SettingError(name, `is "${value}", not ${values.join(' or ')}`)
  return value
}

function number(env: Env, name: SettingName, pattern: RegExp, unit: string): number | null {
  const value = optional(env, name)
  if (value !== null && !pattern.test(value)) throw new SettingError(name, `is "${value}", not a number of ${unit}`)
  return value === null ? null : Number(value)
}

function checkedUrl(name: SettingName, value: string): string {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    throw new SettingError(name, `is "${value}", not an http or https URL`)
  return value
}

/** @param placeholder that may stand where the host name does */
function parseOrigin(env: Env, name: SettingName, placeholder: string): string | null {
  const value = optional(env, name)
  // A host may come with its port.
  const url =
    value === null ? null : URL.parse(value.replace(placeholder, placeholder === '{host}' ? 'a.test:1' : 'a.test'))
  if (value !== null && (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`))
    throw new SettingError(name, `is "${value}", not an origin such as https://registry.example.com`)
  return value?.replace(/\/$/, '') ?? null
}

function parseFeatures(value: string): ReadonlySet<StoreFeature> {
  const names = value.split(',').map((name) => name.trim())
  const unknown = names.find((name) => name !== '' && !FEATURES.includes(name))
  if (unknown !== undefined) throw new SettingError('S3_FEATURES', `has "${unknown}"; known are ${FEATURES.join(', ')}`)
  return new Set(names.filter((name) => name !== '') as StoreFeature[])
}
