/** One thing that the registry is told from outside: a row of docs/settings.md. */
export interface Setting {
  /** `binding`: what the platform hands over as an object; the others are texts, and a secret is never shown. */
  readonly kind: 'variable' | 'secret' | 'binding'
  /** What happens when it is not set, in words; `required` when nothing can. */
  readonly otherwise: string
  readonly meaning: string
  readonly example: string
}

/** Every variable, secret and binding of the Worker, by its name. config.ts reads them. */
export const SETTINGS = {
  TAGS: {
    kind: 'binding',
    otherwise: 'required',
    meaning: 'the KV namespace of the tag index',
    example: 'a KV namespace bound as TAGS',
  },
  S3_ENDPOINT: {
    kind: 'variable',
    otherwise: 'required',
    meaning: 'URL of the S3-compatible storage, without the bucket',
    example: 'https://s3.eu-central-1.amazonaws.com',
  },
  S3_BUCKET: {
    kind: 'variable',
    otherwise: 'required',
    meaning: 'the bucket; the registry needs it for itself',
    example: 'registry-blobs',
  },
  S3_REGION: {
    kind: 'variable',
    otherwise: 'auto',
    meaning: 'the region, as the storage wants it in signatures',
    example: 'eu-central-1',
  },
  S3_ACCESS_KEY_ID: {
    kind: 'secret',
    otherwise: 'required',
    meaning: 'key to the bucket: read, write, delete, list',
    example: 'the id of an access key',
  },
  S3_SECRET_ACCESS_KEY: {
    kind: 'secret',
    otherwise: 'required',
    meaning:
      'its secret; tokens and upload sessions are signed with keys derived from it, unless there is a TOKEN_SECRET',
    example: 'the secret of that access key',
  },
  S3_PATH_STYLE: {
    kind: 'variable',
    otherwise: 'true',
    meaning: 'whether the bucket stands in the path (endpoint/bucket/key) or in the host name (bucket.endpoint/key)',
    example: 'false',
  },
  S3_FEATURES: {
    kind: 'variable',
    otherwise: 'none',
    meaning:
      'comma-separated; checksum-sha256 for a storage that refuses a PUT whose bytes do not have the x-amz-checksum-sha256 sent along (AWS S3, R2): such pushes pass through the function unread. Never for a storage that ignores the header: it would take wrong bytes',
    example: 'checksum-sha256',
  },
  S3_TIMEOUT_MS: {
    kind: 'variable',
    otherwise: '10000',
    meaning:
      'how many milliseconds an ordinary request to the storage may take before it is repeated; large bodies may take 6 times, copies 30 times as long',
    example: '20000',
  },
  BLOB_REDIRECT_ORIGIN: {
    kind: 'variable',
    otherwise: 'S3_ENDPOINT',
    meaning:
      'where clients find the storage: an origin, in which {hostname} stands for the name under which the client has reached the registry. What answers there must put back the Host that was signed',
    example: 'https://blobs.example.com',
  },
  PUBLIC_ORIGIN: {
    kind: 'variable',
    otherwise: 'as each request has it',
    meaning:
      'where clients find the registry, behind something that ends TLS or renames it: an origin, in which {host} stands for the host and port of the request',
    example: 'https://registry.example.com',
  },
  EDGE_CACHE_SECONDS: {
    kind: 'variable',
    otherwise: '60',
    meaning:
      'how many seconds a location may answer a GET of a manifest or blob without asking storage, and so how late it may learn that it was deleted elsewhere; 0 turns this off',
    example: '300',
  },
  TAG_READS: {
    kind: 'variable',
    otherwise: 'fast',
    meaning: 'fast: tags through KV; fresh: every read of a tag asks storage',
    example: 'fresh',
  },
  ACCESS: {
    kind: 'variable',
    otherwise: 'accounts',
    meaning: 'accounts, or open: whoever reaches the registry can do everything',
    example: 'open',
  },
  ADMIN_TOKEN: {
    kind: 'secret',
    otherwise: 'none',
    meaning:
      'what admin logs in with, 32 characters or more. Without it, only administrators who have a token of their own get in',
    example: 'what openssl rand -hex 32 prints',
  },
  TOKEN_SECRET: {
    kind: 'secret',
    otherwise: "the storage's secret",
    meaning:
      "32 characters or more: tokens and upload sessions are signed with keys that are derived from it. Needed where the storage's own is shorter: anybody gets a signed token, and can try secrets on it at leisure",
    example: 'what openssl rand -hex 32 prints',
  },
  TOKEN_SECRET_PREVIOUS: {
    kind: 'secret',
    otherwise: 'none',
    meaning:
      'the one before, whose signatures are still taken. Remove it a day after the change: uploads live that long',
    example: 'what TOKEN_SECRET was until now',
  },
  OIDC_ISSUERS: {
    kind: 'variable',
    otherwise: 'GitHub Actions and GitLab',
    meaning:
      'comma-separated: whose tokens trust rules may take, as they write themselves in iss; the only addresses that are asked for keys',
    example: 'https://token.actions.githubusercontent.com, https://gitlab.example.com',
  },
  LOGIN_FAILURES: {
    kind: 'binding',
    otherwise: 'each isolate counts for itself',
    meaning: "the platform's rate limiting, which counts failed logins by address",
    example: 'a rate limit bound as LOGIN_FAILURES',
  },
  METRICS: {
    kind: 'binding',
    otherwise: 'nothing is written',
    meaning: 'the Analytics Engine dataset that takes one data point a request',
    example: 'a dataset bound as METRICS',
  },
  METRICS_PAGE: {
    kind: 'variable',
    otherwise: 'off',
    meaning:
      'on: /metrics shows what this process has counted, to whoever asks; for a registry that is one process, as npm start is',
    example: 'on',
  },
  LOG_REQUESTS: {
    kind: 'variable',
    otherwise: 'all',
    meaning: 'all: a line of the log for each request; none: only faults and refused logins',
    example: 'none',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SETTINGS

/** A setting that is missing or wrong. The text names it, what it is for, and an example; never the value of a secret. */
export class SettingError extends Error {
  override readonly name = 'SettingError'
  readonly setting: SettingName

  /** @param problem follows the name: "is missing" */
  constructor(setting: SettingName, problem: string) {
    const { meaning, example } = SETTINGS[setting]
    super(`Cannot start: the setting ${setting} ${problem}. Its meaning: ${meaning}. Example: ${example}`)
    this.setting = setting
  }
}
