import type { EdgeCache, EdgeEntry } from '../edge-cache.ts'

/** @param lifetimeMs how long an entry is kept, by the clock of `now` */
export function createMemoryEdgeCache(lifetimeMs: number, now: () => number = Date.now): EdgeCache {
  const entries = new Map<string, EdgeEntry & { expires: number }>()
  return {
    get(key) {
      const found = entries.get(key.href)
      return Promise.resolve(found === undefined || found.expires <= now() ? null : found)
    },
    put(key, { bytes, note }) {
      entries.set(key.href, { bytes: bytes.slice(), note, expires: now() + lifetimeMs })
      return Promise.resolve()
    },
    delete(key) {
      entries.delete(key.href)
      return Promise.resolve()
    },
  }
}
