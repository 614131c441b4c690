import { logFault } from '../../log.ts'
import type { EdgeCache } from '../edge-cache.ts'

const NOTE_HEADER = 'X-Note'

/**
 * The cache of the data centre that the Worker runs in. It can fail as it can forget: neither is told to the client.
 *
 * @param seconds how long an entry may be believed
 */
export function createCloudflareEdgeCache(seconds: number): EdgeCache {
  const cache = caches.default

  async function orNull<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act()
    } catch (fault) {
      logFault(fault)
      return null
    }
  }

  return {
    get: (key) =>
      orNull(async () => {
        const found = await cache.match(key)
        const note = found?.headers.get(NOTE_HEADER)
        if (found === undefined || typeof note !== 'string') return null
        return { bytes: new Uint8Array(await found.arrayBuffer()), note }
      }),
    async put(key, { bytes, note }) {
      const headers = { 'Cache-Control': `public, max-age=${seconds}`, [NOTE_HEADER]: note }
      // A content type that nothing on the way compresses or rewrites.
      const kept = new Response(bytes, { headers: { ...headers, 'Content-Type': 'application/octet-stream' } })
      await orNull(() => cache.put(key, kept))
    },
    async delete(key) {
      await orNull(() => cache.delete(key))
    },
  }
}
