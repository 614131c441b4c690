import { createApp } from './app.ts'
import { createAccounts } from './accounts/accounts.ts'
import {
  createMemoryLoginFailures,
  createPlatformLoginFailures,
  type LoginFailures,
} from './accounts/login-failures.ts'
import { createTokenAuthorizer } from './accounts/token-authorizer.ts'
import { OPEN_AUTHORIZER } from './auth/access.ts'
import { parseConfig, type Config, type Env } from './config.ts'
import { asSent } from './http/public-origin.ts'
import { createAnalyticsObserver } from './metrics/analytics-engine.ts'
import { createCounters } from './metrics/counters.ts'
import { logAnswer } from './metrics/request-log.ts'
import { RegistryError } from './oci/errors.ts'
import { createReadiness } from './registry/readiness.ts'
import { createUploadSessions } from './registry/upload-session.ts'
import type { Services } from './services.ts'
import { createServices } from './services.ts'
import { createCloudflareEdgeCache } from './storage/cloudflare/cloudflare-edge-cache.ts'
import { NO_EDGE_CACHE } from './storage/edge-cache.ts'
import { createKvTagIndex } from './storage/kv/kv-tag-index.ts'
import { SCHEMA_KEY } from './storage/keys.ts'
import { createS3ObjectStore } from './storage/s3/s3-object-store.ts'
import { checkingSchema } from './storage/schema-version.ts'
import { SettingError } from './settings.ts'
import { VERSION } from './version.ts'

const app = createApp()

/** Made at the first request and kept: the platform gives an isolate the same settings for its whole life. */
let registry: { readonly services: Services; readonly publicOrigin: string | null } | null = null

export default {
  async fetch(request, env, context) {
    try {
      registry ??= openRegistry(env)
    } catch (cause) {
      return app.refuse(request, notSetUp(cause))
    }
    const { services, publicOrigin } = registry
    return app.fetch(publicOrigin === null ? request : asSent(request, publicOrigin), services, (work) => {
      context.waitUntil(work.catch(() => undefined)) // whoever awaits it reports the failure
    })
  },
} satisfies ExportedHandler<Env>

/** Whoever sets the registry up sees its answers before its log; what the setting holds is only for the log. */
function notSetUp(cause: unknown): RegistryError {
  const which = cause instanceof SettingError ? `: the setting ${cause.setting} is missing or wrong` : ''
  const message = `the registry is not set up${which}; its log says more`
  return new RegistryError('UNAVAILABLE', { message, detail: 'the registry is not set up', cause })
}

function openRegistry(env: Env): NonNullable<typeof registry> {
  const config = parseConfig(env)
  const { s3, blobRedirectOrigin, publicOrigin, freshTagReads, edgeCacheSeconds, secrets } = config
  const objects = checkingSchema(createS3ObjectStore(s3))
  const now = () => new Date()
  const accounts =
    config.accounts === null
      ? null
      : createAccounts(objects, { ...config.accounts, secrets, loginFailures: loginFailuresOf(env, now) })
  const services = createServices(objects, {
    tagIndex: createKvTagIndex(env.TAGS),
    edgeCache: edgeCacheSeconds === 0 ? NO_EDGE_CACHE : createCloudflareEdgeCache(edgeCacheSeconds),
    sessions: createUploadSessions(secrets),
    authorizer: accounts === null ? OPEN_AUTHORIZER : createTokenAuthorizer(accounts, now),
    accounts,
    blobRedirectOrigin,
    freshTagReads,
    readiness: createReadiness({ storage: () => objects.head(SCHEMA_KEY), tags: () => env.TAGS.get('readyz') }, now),
    ...observersOf(env, config),
    now,
  })
  return { services, publicOrigin }
}

function loginFailuresOf(env: Env, now: () => Date): LoginFailures {
  return env.LOGIN_FAILURES === undefined
    ? createMemoryLoginFailures(now)
    : createPlatformLoginFailures(env.LOGIN_FAILURES)
}

function observersOf(env: Env, { logsRequests, showsMetrics }: Config): Pick<Services, 'observers' | 'metricsPage'> {
  const counters = showsMetrics ? createCounters(VERSION) : null
  const dataset = env.METRICS === undefined ? null : createAnalyticsObserver(env.METRICS)
  const observers = [logsRequests ? logAnswer : null, dataset, counters?.observe ?? null]
  return { observers: observers.filter((observer) => observer !== null), metricsPage: counters?.text ?? null }
}
