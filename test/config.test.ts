import { expect, test } from 'vitest'

import { parseConfig, type Env } from '../src/config.ts'
import { SETTINGS, type SettingName } from '../src/settings.ts'

const LONG = 'a-secret-that-nobody-guesses-0123456789'
const REQUIRED = {
  TAGS: {},
  S3_ENDPOINT: 'http://127.0.0.1:9000',
  S3_BUCKET: 'images',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: LONG,
} as unknown as Env

test('what is not set has its default', () => {
  expect(parseConfig(REQUIRED)).toEqual({
    s3: {
      endpoint: 'http://127.0.0.1:9000',
      bucket: 'images',
      region: 'auto',
      accessKeyId: 'id',
      secretAccessKey: LONG,
      pathStyle: true,
      features: new Set(),
      timeoutMs: 10_000,
    },
    blobRedirectOrigin: null,
    publicOrigin: null,
    freshTagReads: false,
    edgeCacheSeconds: 60,
    logsRequests: true,
    showsMetrics: false,
    secrets: [LONG],
    accounts: { adminToken: null, oidcIssuers: ['https://token.actions.githubusercontent.com', 'https://gitlab.com'] },
  })
})

test.each([
  ['S3_FEATURES', 'checksum-sha256, ', { s3: { features: new Set(['checksum-sha256']) } }],
  ['S3_TIMEOUT_MS', '50', { s3: { timeoutMs: 50 } }],
  ['S3_PATH_STYLE', 'false', { s3: { pathStyle: false } }],
  ['TAG_READS', 'fresh', { freshTagReads: true }],
  ['EDGE_CACHE_SECONDS', '0', { edgeCacheSeconds: 0 }],
  ['EDGE_CACHE_SECONDS', '3600', { edgeCacheSeconds: 3600 }],
  ['EDGE_CACHE_SECONDS', '', { edgeCacheSeconds: 60 }],
  ['LOG_REQUESTS', 'none', { logsRequests: false }],
  ['METRICS_PAGE', 'on', { showsMetrics: true }],
  ['PUBLIC_ORIGIN', 'https://registry.test', { publicOrigin: 'https://registry.test' }],
  ['PUBLIC_ORIGIN', 'https://registry.test/', { publicOrigin: 'https://registry.test' }],
  ['PUBLIC_ORIGIN', 'https://{host}', { publicOrigin: 'https://{host}' }],
  ['BLOB_REDIRECT_ORIGIN', 'http://{hostname}:5001', { blobRedirectOrigin: 'http://{hostname}:5001' }],
  ['ACCESS', 'open', { accounts: null }],
  ['ACCESS', 'accounts', { accounts: { adminToken: null } }],
  ['ADMIN_TOKEN', LONG, { accounts: { adminToken: LONG } }],
  ['TOKEN_SECRET', `${LONG}-2`, { secrets: [`${LONG}-2`] }],
  ['TOKEN_SECRET_PREVIOUS', `${LONG}-2`, { secrets: [LONG, `${LONG}-2`] }],
  [
    'OIDC_ISSUERS',
    'https://ci.test/a, http://127.0.0.1:9/',
    { accounts: { oidcIssuers: ['https://ci.test/a', 'http://127.0.0.1:9/'] } },
  ],
])('%s=%s is taken', (name, value, want) => {
  expect(parseConfig({ ...REQUIRED, [name]: value })).toMatchObject(want)
})

test.each([
  ['S3_ENDPOINT', '', /S3_ENDPOINT is missing/],
  ['S3_ENDPOINT', 'nowhere', /S3_ENDPOINT is "nowhere"/],
  ['S3_BUCKET', undefined, /S3_BUCKET is missing/],
  ['S3_ENDPOINT', 'ftp://storage.test', /S3_ENDPOINT is "ftp:/],
  ['TAGS', undefined, /TAGS is missing/],
  ['TAGS', 'a text', /TAGS is missing/],
  ['PUBLIC_ORIGIN', 'registry.test', /PUBLIC_ORIGIN is "registry.test", not an origin/],
  ['PUBLIC_ORIGIN', 'https://registry.test/v2', /PUBLIC_ORIGIN is/],
  ['PUBLIC_ORIGIN', 'https://{host}:8443', /PUBLIC_ORIGIN is/],
  ['PUBLIC_ORIGIN', 'https://user:secret@registry.test', /PUBLIC_ORIGIN is/],
  ['BLOB_REDIRECT_ORIGIN', 'https://blobs.test/x', /BLOB_REDIRECT_ORIGIN is/],
  ['LOG_REQUESTS', 'errors', /LOG_REQUESTS is "errors", not all or none/],
  ['METRICS_PAGE', 'yes', /METRICS_PAGE is "yes", not off or on/],
  ['S3_FEATURES', 'magic', /S3_FEATURES has "magic"; known are checksum-sha256/],
  ['S3_TIMEOUT_MS', '0', /S3_TIMEOUT_MS/],
  ['S3_TIMEOUT_MS', '1e3', /S3_TIMEOUT_MS/],
  ['S3_PATH_STYLE', 'yes', /S3_PATH_STYLE is "yes", not true or false/],
  ['TAG_READS', 'slow', /TAG_READS is "slow"/],
  ['EDGE_CACHE_SECONDS', '-1', /EDGE_CACHE_SECONDS is "-1", not a number of seconds/],
  ['EDGE_CACHE_SECONDS', '1m', /EDGE_CACHE_SECONDS/],
  ['ACCESS', 'public', /ACCESS is "public", not accounts or open/],
  ['ADMIN_TOKEN', 'password', /ADMIN_TOKEN has fewer than 32 characters/],
  ['S3_SECRET_ACCESS_KEY', 'minioadmin', /TOKEN_SECRET is missing, and S3_SECRET_ACCESS_KEY is too short/],
  ['TOKEN_SECRET', 'short', /TOKEN_SECRET has fewer than 32 characters/],
  ['TOKEN_SECRET_PREVIOUS', 'short', /TOKEN_SECRET_PREVIOUS has fewer/],
  ['OIDC_ISSUERS', 'ci.test', /OIDC_ISSUERS is "ci.test", not an http or https URL/],
  ['OIDC_ISSUERS', 'http://ci.test', /OIDC_ISSUERS has "http:\/\/ci.test", which is not on https/],
])('%s=%s is refused, and named', (name, value, message) => {
  expect(() => parseConfig({ ...REQUIRED, [name]: value })).toThrow(message)
})

test('a storage with a short secret is taken where tokens have one of their own, or there are none', () => {
  const short = { ...REQUIRED, S3_SECRET_ACCESS_KEY: 'minioadmin' }
  expect(parseConfig({ ...short, TOKEN_SECRET: LONG }).secrets).toEqual([LONG])
  expect(parseConfig({ ...short, ACCESS: 'open' }).secrets).toEqual(['minioadmin'])
})

test('an error tells what the setting is for, and an example; never the value of a secret', () => {
  const [{ meaning, example }, value] = [SETTINGS.ADMIN_TOKEN, 'hunter2']
  const thrown = faultOf({ ...REQUIRED, ADMIN_TOKEN: value })
  expect(thrown).toContain(meaning)
  expect(thrown).toContain(example)
  expect(thrown).not.toContain(value)
})

/** Of those that are texts: what a binding gives is an object. */
const TEXTS = Object.entries(SETTINGS).filter(([, { kind }]) => kind !== 'binding')

test.each(TEXTS)(
  'the code reads %s, as settings.ts says: with a wrong or odd value another config comes out, or an error',
  (name) => {
    const plain = JSON.stringify(parseConfig(REQUIRED), (_, value: unknown) =>
      value instanceof Set ? [...value] : value,
    )
    const odd = VALUES[name as SettingName] ?? 'odd'
    const read = faultOf({ ...REQUIRED, [name]: odd }) ?? JSON.stringify(parseConfig({ ...REQUIRED, [name]: odd }))
    expect(read).not.toBe(plain)
  },
)

test.each(TEXTS.filter(([, { otherwise }]) => otherwise === 'required'))('%s is required', (name) => {
  expect(faultOf({ ...REQUIRED, [name]: '' })).toContain(`the setting ${name} is missing`)
})

/** For those that take nearly any text. */
const VALUES: Partial<Record<SettingName, string>> = { BLOB_REDIRECT_ORIGIN: 'https://blobs.test' }

function faultOf(env: Env): string | null {
  try {
    parseConfig(env)
    return null
  } catch (error) {
    return (error as Error).message
  }
}
