/**
 * What one location remembers of storage for a while. It may forget at any time and never knows of what other locations
 * do, so it is asked only where a stale answer is allowed: by GETs, after they were authorised, and never by anything
 * that writes. Contract: test/contract/edge-cache.ts.
 */
export interface EdgeCache {
  /** @param key a URL on the registry's own host; a path of our own, which no client can ask for */
  get(key: URL): Promise<EdgeEntry | null>
  put(key: URL, entry: EdgeEntry): Promise<void>
  delete(key: URL): Promise<void>
}

export interface EdgeEntry {
  readonly bytes: Uint8Array
  /** One line of ASCII that goes with the bytes. */
  readonly note: string
}

/** For a registry that is to ask storage each time. */
export const NO_EDGE_CACHE: EdgeCache = {
  get: () => Promise.resolve(null),
  put: () => Promise.resolve(),
  delete: () => Promise.resolve(),
}
