import { RegistryError } from '../oci/errors.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { indexTag } from '../registry/tags.ts'
import { forEachOf } from '../storage/concurrency.ts'
import { tagsPrefix } from '../storage/keys.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { Repositories } from '../storage/repositories.ts'
import type { ListedTagIndex } from '../storage/tag-index.ts'
import { Tags } from '../storage/tags.ts'

/** How far the tags are indexed: those of `repository` up to `tag`, and of every repository before it. */
export interface ReindexPoint {
  readonly repository: RepositoryName
  /** `null`: none of this repository's yet. */
  readonly tag: Tag | null
}

export interface ReindexOptions {
  /** Goes on from there; `null` from the beginning. */
  readonly from: ReindexPoint | null
  /** Told after every page: what the next run may begin at. Not until then is a tag counted as done. */
  readonly onProgress?: (point: ReindexPoint, tags: number) => void
  /** Told of a tag whose record nobody can read. Its entry goes. */
  readonly onUnreadable?: (repository: RepositoryName, tag: Tag) => void
}

export interface Reindexed {
  /** Tags that were written. */
  readonly tags: number
  /** Entries of tags that there are none of any more. */
  readonly removed: number
}

/** Tags between two reports of progress. */
const PAGE_TAGS = 100

/**
 * Makes the index say what the tags' records say: writes every tag, then takes away the entries of tags that are gone.
 * Each write follows the rules of registry/tags.ts, so pushes and deletions may go on meanwhile, and it may be broken
 * off anywhere and begun again.
 *
 * @throws {RegistryError} `UNAVAILABLE`
 */
export async function reindexTags(
  objects: ObjectStore,
  tagIndex: ListedTagIndex,
  { from, onProgress, onUnreadable }: ReindexOptions,
): Promise<Reindexed> {
  const tags = new Tags(objects)
  let written = 0
  for await (const repository of repositoriesFrom(objects, from)) {
    let after: Tag | null = from?.repository === repository ? from.tag : null
    onProgress?.({ repository, tag: after }, written)
    for (let more = true; more;) {
      const page: { tags: readonly Tag[]; more: boolean } = await tags.list(repository, {
        after: after ?? '',
        limit: PAGE_TAGS,
      })
      const done = await forEachOf(page.tags, (tag) => reindexTag({ tags, tagIndex }, repository, tag, onUnreadable))
      written += done.filter((indexed) => indexed).length
      after = page.tags.at(-1) ?? null
      more = page.more && after !== null
      if (after !== null) onProgress?.({ repository, tag: after }, written)
    }
  }
  return { tags: written, removed: await removeStale(objects, tagIndex) }
}

/** The repository of `from`, and those after it. */
async function* repositoriesFrom(objects: ObjectStore, from: ReindexPoint | null): AsyncGenerator<RepositoryName> {
  const repositories = new Repositories(objects)
  if (from !== null) yield from.repository
  let last: RepositoryName | '' = from?.repository ?? ''
  for (let more = true; more;) {
    const page = await repositories.list('', last, PAGE_TAGS)
    yield* page.names
    last = page.names.at(-1) ?? ''
    more = page.more && last !== ''
  }
}

/** @returns false when the tag is gone, or its record cannot be read */
async function reindexTag(
  stores: { readonly tags: Tags; readonly tagIndex: ListedTagIndex },
  repository: RepositoryName,
  tag: Tag,
  onUnreadable: ReindexOptions['onUnreadable'],
): Promise<boolean> {
  try {
    const record = await stores.tags.get(repository, tag)
    if (record === null) return false
    await indexTag(stores, repository, tag, record)
    return true
  } catch (error) {
    if (error instanceof RegistryError) throw error
    await stores.tagIndex.delete(repository, tag)
    onUnreadable?.(repository, tag)
    return false
  }
}

/** A deletion is always right: whoever finds no entry asks storage. */
async function removeStale(objects: ObjectStore, tagIndex: ListedTagIndex): Promise<number> {
  let removed = 0
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<ListedTagIndex['list']>> = await tagIndex.list(cursor)
    const stale = await forEachOf(page.entries, async ({ repository, tag }) => {
      if ((await objects.head(tagsPrefix(repository) + tag)) !== null) return false
      await tagIndex.delete(repository, tag)
      return true
    })
    removed += stale.filter((gone) => gone).length
    cursor = page.cursor
  } while (cursor !== null)
  return removed
}
