import { createApp } from './app.ts'
import { createAccounts } from './accounts/accounts.ts'
import { createMemoryLoginFailures, createPlatformLoginFailures } from './accounts/login-failures.ts'
import { createTokenAuthorizer } from './accounts/token-authorizer.ts'
import { OPEN_AUTHORIZER } from './auth/access.ts'
import { parseConfig, type Env } from './config.ts'
import { RegistryError } from './oci/errors.ts'
import { createUploadSessions } from './registry/upload-session.ts'
import type { Services } from './services.ts'
import { createServices } from './services.ts'
import { createCloudflareEdgeCache } from './storage/cloudflare/cloudflare-edge-cache.ts'
import { NO_EDGE_CACHE } from './storage/edge-cache.ts'
import { createKvTagIndex } from './storage/kv/kv-tag-index.ts'
import { createS3ObjectStore } from './storage/s3/s3-object-store.ts'

const app = createApp()

/** Made at the first request and kept: the platform gives an isolate the same settings for its whole life. */
let services: Services | null = null

export default {
  async fetch(request, env, context) {
    try {
      services ??= servicesOf(env)
    } catch (cause) {
      return app.refuse(request, new RegistryError('UNAVAILABLE', { detail: 'the registry is not set up', cause }))
    }
    return app.fetch(request, services, (work) => {
      context.waitUntil(work.catch(() => undefined)) // whoever awaits it reports the failure
    })
  },
} satisfies ExportedHandler<Env>

function servicesOf(env: Env): Services {
  const { s3, blobRedirectOrigin, freshTagReads, edgeCacheSeconds, secrets, accounts: settings } = parseConfig(env)
  const objects = createS3ObjectStore(s3)
  const now = () => new Date()
  const counted = env.LOGIN_FAILURES
  const loginFailures = counted === undefined ? createMemoryLoginFailures(now) : createPlatformLoginFailures(counted)
  const accounts = settings === null ? null : createAccounts(objects, { ...settings, secrets, loginFailures })
  return createServices(objects, {
    tagIndex: createKvTagIndex(env.TAGS),
    edgeCache: edgeCacheSeconds === 0 ? NO_EDGE_CACHE : createCloudflareEdgeCache(edgeCacheSeconds),
    sessions: createUploadSessions(secrets),
    authorizer: accounts === null ? OPEN_AUTHORIZER : createTokenAuthorizer(accounts, now),
    accounts,
    blobRedirectOrigin,
    freshTagReads,
    now,
  })
}
