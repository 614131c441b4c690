import type { StoreFeature } from './storage/object-store.ts'
import type { S3Settings } from './storage/s3-settings.ts'

/** Bindings, variables and secrets of the Worker, as the platform hands them over. */
export interface Env {
  readonly TAGS: KVNamespace
  /** The platform's rate limiting, where it is bound. */
  readonly LOGIN_FAILURES?: RateLimit
  readonly [setting: string]: unknown
}

export interface Config {
  readonly s3: S3Settings
  readonly blobRedirectOrigin: string | null
  readonly freshTagReads: boolean
  /** 0 for no edge cache. */
  readonly edgeCacheSeconds: number
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
 * Reads every setting once. docs/settings.md tells what each is for.
 *
 * @throws {Error} naming the setting that is missing or wrong
 */
export function parseConfig(env: Env): Config {
  const open = oneOf(env, 'ACCESS', ['accounts', 'open'], 'accounts') === 'open'
  return {
    s3: {
      endpoint: parseUrl(required(env, 'S3_ENDPOINT'), 'S3_ENDPOINT'),
      bucket: required(env, 'S3_BUCKET'),
      region: optional(env, 'S3_REGION') ?? 'auto',
      accessKeyId: required(env, 'S3_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'S3_SECRET_ACCESS_KEY'),
      pathStyle: oneOf(env, 'S3_PATH_STYLE', ['true', 'false'], 'true') === 'true',
      features: parseFeatures(optional(env, 'S3_FEATURES') ?? ''),
      timeoutMs: parseMilliseconds(optional(env, 'S3_TIMEOUT_MS') ?? '10000', 'S3_TIMEOUT_MS'),
    },
    blobRedirectOrigin: optional(env, 'BLOB_REDIRECT_ORIGIN'),
    freshTagReads: oneOf(env, 'TAG_READS', ['fast', 'fresh'], 'fast') === 'fresh',
    edgeCacheSeconds: parseSeconds(optional(env, 'EDGE_CACHE_SECONDS') ?? '60', 'EDGE_CACHE_SECONDS'),
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
    throw new Error('Cannot start: S3_SECRET_ACCESS_KEY is too short to sign tokens with, so set TOKEN_SECRET')
  const previous = secret(env, 'TOKEN_SECRET_PREVIOUS')
  return previous === null ? [current] : [current, previous]
}

function parseAccounts(env: Env): Config['accounts'] {
  const issuers = (optional(env, 'OIDC_ISSUERS') ?? OIDC_ISSUERS).split(',').map((name) => name.trim())
  for (const issuer of issuers.filter((name) => name !== '')) {
    const { protocol, hostname } = new URL(parseUrl(issuer, 'OIDC_ISSUERS'))
    if (protocol !== 'https:' && !isLoopback(hostname))
      throw new Error(`Cannot start: OIDC_ISSUERS has "${issuer}", which is not on https`)
  }
  return { adminToken: secret(env, 'ADMIN_TOKEN'), oidcIssuers: issuers.filter((name) => name !== '') }
}

function secret(env: Env, name: string): string | null {
  const value = optional(env, name)
  if (value !== null && value.length < MIN_SECRET_LENGTH)
    throw new Error(`Cannot start: ${name} has fewer than ${MIN_SECRET_LENGTH} characters`)
  return value
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function optional(env: Env, name: string): string | null {
  const value = env[name]
  return typeof value === 'string' && value !== '' ? value : null
}

function required(env: Env, name: string): string {
  const value = optional(env, name)
  if (value === null) throw new Error(`Cannot start: the setting ${name} is missing`)
  return value
}

function oneOf(env: Env, name: string, values: readonly string[], otherwise: string): string {
  const value = optional(env, name) ?? otherwise
  if (!values.includes(value)) throw new Error(`Cannot start: ${name} is "${value}", not ${values.join(' or ')}`)
  return value
}

function parseUrl(value: string, name: string): string {
  if (!URL.canParse(value)) throw new Error(`Cannot start: ${name} is "${value}", not a URL`)
  return value
}

function parseFeatures(value: string): ReadonlySet<StoreFeature> {
  const names = value.split(',').map((name) => name.trim())
  const unknown = names.find((name) => name !== '' && !FEATURES.includes(name))
  if (unknown !== undefined)
    throw new Error(`Cannot start: S3_FEATURES has "${unknown}"; known are ${FEATURES.join(', ')}`)
  return new Set(names.filter((name) => name !== '') as StoreFeature[])
}

function parseMilliseconds(value: string, name: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value))
    throw new Error(`Cannot start: ${name} is "${value}", not a number of milliseconds`)
  return Number(value)
}

function parseSeconds(value: string, name: string): number {
  if (!/^\d{1,5}$/.test(value)) throw new Error(`Cannot start: ${name} is "${value}", not a number of seconds`)
  return Number(value)
}
