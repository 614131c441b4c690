import { describeEdgeCache } from '../contract/edge-cache.ts'
import { createCloudflareEdgeCache } from '../../src/storage/cloudflare/cloudflare-edge-cache.ts'

describeEdgeCache('the cache of a data centre, in workerd', () => createCloudflareEdgeCache(60))
