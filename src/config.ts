import type { StoreFeature } from './storage/object-store.ts'
import type { S3Settings } from './storage/s3-settings.ts'

/** Bindings, variables and secrets of the Worker, as the platform hands them over. */
export interface Env {
  readonly TAGS: KVNamespace
  readonly [setting: string]: unknown
}

export interface Config {
  readonly s3: S3Settings
  readonly blobRedirectOrigin: string | null
  readonly freshTagReads: boolean
  /** 0 for no edge cache. */
  readonly edgeCacheSeconds: number
}

const FEATURES: readonly string[] = ['checksum-sha256'] satisfies StoreFeature[]

/**
 * Reads every setting once. docs/settings.md tells what each is for.
 *
 * @throws {Error} naming the setting that is missing or wrong
 */
export function parseConfig(env: Env): Config {
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
  }
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
