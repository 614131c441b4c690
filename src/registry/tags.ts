import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { TagIndex } from '../storage/tag-index.ts'
import type { TagRecord, Tags } from '../storage/tags.ts'

/**
 * Storage is the truth about tags, KV its index: KV may answer what was true a minute ago, and a late write may
 * land in it. The rules that keep it from ever contradicting storage for good:
 * - whoever writes KV reads the record again afterwards, and deletes the key if the tag has moved: a miss is always
 *   safe, because readers confirm it in storage;
 * - a deletion takes the record away first, then the key, even if the record was gone already;
 * - a repeated push writes KV anew, whatever the record says;
 * - a call that failed may have acted all the same, so after a failure the key is deleted.
 */
export interface TagStores {
  readonly tags: Tags
  readonly tagIndex: TagIndex
}

/** When, by whom, and what notes a deletion before it is made. */
export interface Deletion {
  readonly at: Date
  readonly by: string
  readonly audit?: () => Promise<void>
}

/** Points `tag` to a manifest that is stored. Once the record is written the rest must run, client or not. */
export async function setTag(
  { tags, tagIndex }: TagStores,
  repository: RepositoryName,
  tag: Tag,
  record: TagRecord,
): Promise<void> {
  await tags.noteTagged(repository, record.digest, tag)
  await orForget(tagIndex, repository, tag, () => tags.put(repository, tag, record))
  try {
    await tags.noteHistory(repository, tag, new Date(record.pushedAt), record, record.pushedBy)
  } finally {
    await indexTag({ tags, tagIndex }, repository, tag, record) // the record has moved: KV must not stay behind
  }
}

/**
 * Takes the tag away; answers whether there was one.
 *
 * @param from the manifest that it must point to; `null` for whichever. Between that look and the deletion another push
 *   may move it: storage offers no comparison with a deletion, so then it is the deletion that wins.
 */
export async function deleteTag(
  { tags, tagIndex }: TagStores,
  repository: RepositoryName,
  tag: Tag,
  { at, by, audit }: Deletion,
  from: Digest | null = null,
): Promise<boolean> {
  const record = await tags.get(repository, tag)
  if (record !== null && from !== null && record.digest !== from) return false
  const existed = record !== null
  try {
    // What was not there is not deleted: it may have been pushed since.
    if (existed) {
      await audit?.()
      await tags.delete(repository, tag)
      await tags.noteHistory(repository, tag, at, null, by)
    }
  } finally {
    await tagIndex.delete(repository, tag)
  }
  return existed
}

/**
 * The manifest that `tag` points to: from KV, or, when KV knows of none, from storage.
 *
 * @param background runs the filling of KV to its end; the answer does not wait for it
 */
export async function resolveTag(
  { tags, tagIndex }: TagStores,
  repository: RepositoryName,
  tag: Tag,
  background: (work: Promise<unknown>) => void,
): Promise<{ manifest: Descriptor; confirmed: boolean } | null> {
  const indexed = await tagIndex.get(repository, tag)
  if (indexed !== null) return { manifest: indexed, confirmed: false }
  const record = await tags.get(repository, tag)
  if (record === null) return null
  background(indexTag({ tags, tagIndex }, repository, tag, record))
  return { manifest: record, confirmed: true }
}

/** Writes what the record said a moment ago to KV, unless the tag has moved on meanwhile. */
export async function indexTag(
  { tags, tagIndex }: TagStores,
  repository: RepositoryName,
  tag: Tag,
  manifest: Descriptor,
): Promise<void> {
  const now = await orForget(tagIndex, repository, tag, async () => {
    await tagIndex.put(repository, tag, manifest)
    return tags.get(repository, tag)
  })
  if (now?.digest !== manifest.digest) await tagIndex.delete(repository, tag)
}

/** What `act` answers; when it fails, having acted or not, KV forgets the tag, and the failure is thrown. */
async function orForget<T>(
  tagIndex: TagIndex,
  repository: RepositoryName,
  tag: Tag,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act()
  } catch (failure) {
    await tagIndex.delete(repository, tag).catch(() => undefined)
    throw failure
  }
}
