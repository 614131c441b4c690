/** What the check applies: every resource and every binding is there in one of them. */
export interface Case {
  /** Relative to infra/. */
  readonly folder: string
  readonly title: string
  readonly variables: Readonly<Record<string, unknown>>
}

const ACCOUNT = { account_id: '0123456789abcdef0123456789abcdef' }
const DOMAIN = { hostname: 'registry.example.com', zone_id: 'fedcba9876543210fedcba9876543210' }
const S3 = {
  s3: { endpoint: 'https://s3.example.com', bucket: 'images', region: 'eu-1', path_style: false },
  s3_credentials: { access_key_id: 'an-access-key-id', secret_access_key: 'a-secret-access-key' },
}

/** @param workerScript for the module itself, which has no default for it */
export function casesOf(workerScript: string): readonly Case[] {
  const common = { ...ACCOUNT, worker_script: workerScript }
  return [
    { folder: '.', title: 'R2, as it comes', variables: common },
    {
      folder: '.',
      title: 'R2, with everything',
      variables: {
        ...common,
        ...DOMAIN,
        access: 'accounts',
        admin_token: 'an-admin-token-of-32-characters!',
        compatibility_flags: ['nodejs_compat'],
        cpu_ms: 30000,
        logs: { sampling_rate: 0.5 },
        metrics: true,
        name: 'everything',
        oidc_issuers: ['https://gitlab.example.com'],
        r2: { location: 'weur', jurisdiction: 'eu', cors_origins: ['https://registry.example.com'] },
        settings: { S3_TIMEOUT_MS: '20000' },
        token_secret_generation: 2,
        workers_dev: true,
        workers_dev_subdomain: 'example',
      },
    },
    { folder: '.', title: 'S3, open', variables: { ...common, ...S3, access: 'open' } },
    { folder: 'examples/cloudflare-r2', title: 'with a host name', variables: { ...ACCOUNT, ...DOMAIN } },
    { folder: 'examples/s3-compatible', title: 'on workers.dev', variables: { ...ACCOUNT, ...S3 } },
    {
      folder: 'examples/aws-s3',
      title: 'with CORS',
      variables: { ...ACCOUNT, ...DOMAIN, bucket: 'example-images', cors_origins: ['https://registry.example.com'] },
    },
  ]
}
