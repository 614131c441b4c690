import { createApp } from './app.ts'
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
  const { s3, blobRedirectOrigin, freshTagReads, edgeCacheSeconds } = parseConfig(env)
  return createServices(createS3ObjectStore(s3), {
    tagIndex: createKvTagIndex(env.TAGS),
    edgeCache: edgeCacheSeconds === 0 ? NO_EDGE_CACHE : createCloudflareEdgeCache(edgeCacheSeconds),
    sessions: createUploadSessions(s3.secretAccessKey),
    authorizer: OPEN_AUTHORIZER,
    blobRedirectOrigin,
    freshTagReads,
    now: () => new Date(),
  })
}
