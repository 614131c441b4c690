import type { Digest } from '../oci/digest.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { Blobs } from '../storage/blobs.ts'
import type { EdgeCache, EdgeEntry } from '../storage/edge-cache.ts'
import type { ManifestInfo, Manifests } from '../storage/manifests.ts'

/** What a pull may read from the edge, where it was read from storage a moment ago. Only for GETs: see `EdgeCache`. */
export interface EdgeReads {
  /** As `Manifests.get`. */
  getManifest(repository: RepositoryName, digest: Digest): Promise<(ManifestInfo & { bytes: Uint8Array }) | null>
  /** As `Blobs.stat`. */
  statBlob(repository: RepositoryName, digest: Digest): Promise<number | null>
  /** To be called after a manifest was deleted: this location knows at once. */
  forgetManifest(repository: RepositoryName, digest: Digest): Promise<void>
  /** To be called after a blob was taken from a repository. */
  forgetBlob(repository: RepositoryName, digest: Digest): Promise<void>
}

interface Stores {
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly edgeCache: EdgeCache
}

/**
 * @param origin of the registry, as the client names it
 * @param background runs the filling of the cache to its end; the answer does not wait for it
 */
export function createEdgeReads(
  { blobs, manifests, edgeCache }: Stores,
  origin: string,
  background: (work: Promise<unknown>) => void,
): EdgeReads {
  const key = (kind: string, repository: RepositoryName, digest: Digest) =>
    new URL(`/_edge/${kind}/${repository}/${digest}`, origin)

  async function read<T>(
    at: URL,
    fromEntry: (entry: EdgeEntry) => T,
    fromStorage: () => Promise<T | null>,
    toEntry: (value: T) => EdgeEntry,
  ): Promise<T | null> {
    const cached = await edgeCache.get(at)
    if (cached !== null) return fromEntry(cached)
    const stored = await fromStorage()
    if (stored !== null) background(edgeCache.put(at, toEntry(stored)))
    return stored
  }

  return {
    getManifest: (repository, digest) =>
      read(
        key('manifests', repository, digest),
        ({ bytes, note }) => ({ bytes, mediaType: note, size: bytes.length }),
        () => manifests.get(repository, digest),
        ({ bytes, mediaType }) => ({ bytes, note: mediaType }),
      ),
    statBlob: (repository, digest) =>
      read(
        key('blobs', repository, digest),
        ({ note }) => Number(note),
        () => blobs.stat(repository, digest),
        (size) => ({ bytes: new Uint8Array(0), note: String(size) }),
      ),
    forgetManifest: (repository, digest) => edgeCache.delete(key('manifests', repository, digest)),
    forgetBlob: (repository, digest) => edgeCache.delete(key('blobs', repository, digest)),
  }
}
