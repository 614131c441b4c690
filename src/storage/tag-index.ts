import type { Descriptor } from '../oci/descriptor.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'

/**
 * The edge-replicated index of tags (Workers KV). It may answer what was true a minute ago, absence included, so it
 * is never the truth: registry/tags.ts has the protocol. Contract: test/contract/tag-index.ts.
 */
export interface TagIndex {
  /** `null` for absent, and also when the index cannot be read: storage is asked then. */
  get(repository: RepositoryName, tag: Tag): Promise<Descriptor | null>
  /** @throws {RegistryError} `UNAVAILABLE` when the index refuses for good */
  put(repository: RepositoryName, tag: Tag, manifest: Descriptor): Promise<void>
  /** @throws {RegistryError} `UNAVAILABLE` when the index refuses for good */
  delete(repository: RepositoryName, tag: Tag): Promise<void>
}

/** A tag index that also tells what it holds: for maintenance, and not to be had in a request. */
export interface ListedTagIndex extends TagIndex {
  /**
   * Some of the entries, in no promised order; `cursor` leads on to more and is `null` at the end.
   *
   * @param cursor of the page before; `null` for the first
   * @throws {RegistryError} `UNAVAILABLE`
   */
  list(cursor: string | null): Promise<{
    readonly entries: readonly { readonly repository: RepositoryName; readonly tag: Tag }[]
    readonly cursor: string | null
  }>
}

/** An entry vanishes after this: it bounds what a crash or a late write can leave stale. */
export const TAG_INDEX_TTL_SECONDS = 24 * 60 * 60
