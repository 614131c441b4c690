import { parseDescriptor, parseObject, type Descriptor } from '../oci/descriptor.ts'
import { parseDigest, type Digest } from '../oci/digest.ts'
import { isTag, type Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { historyKey, historyPrefix, taggedPrefix, tagsPrefix } from './keys.ts'
import type { ListPage, ObjectStore } from './object-store.ts'
import { listNames, type NamesPage } from './list-names.ts'
import { readJson, writeJson } from './json-object.ts'

/** The manifest that a tag points to, and who moved it there when. */
export interface TagRecord extends Descriptor {
  /** RFC 3339. */
  readonly pushedAt: string
  readonly pushedBy: string
}

/** What a tag came to point to, and who made it so. */
export interface TagMove {
  /** `null` for a deletion. */
  readonly digest: Digest | null
  /** RFC 3339. */
  readonly pushedAt: string
  readonly pushedBy: string
}

function parseTagMove(value: unknown): TagMove {
  const { digest, pushedAt, pushedBy } = parseObject(value, 'tag history')
  return {
    digest: digest === null ? null : parseDigest(typeof digest === 'string' ? digest : ''),
    pushedAt: String(pushedAt),
    pushedBy: String(pushedBy),
  }
}

function parseTagRecord(value: unknown): TagRecord {
  const { pushedAt, pushedBy } = parseObject(value, 'tag record')
  return { ...parseDescriptor(value, 'tag record'), pushedAt: String(pushedAt), pushedBy: String(pushedBy) }
}

/** Tag records: the truth about tags. KV only repeats them, see registry/tags.ts for the order of the two. */
export class Tags {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async get(repository: RepositoryName, tag: Tag): Promise<TagRecord | null> {
    return readJson(this.#objects, tagsPrefix(repository) + tag, parseTagRecord)
  }

  async put(repository: RepositoryName, tag: Tag, record: TagRecord): Promise<void> {
    await writeJson(this.#objects, tagsPrefix(repository) + tag, record)
  }

  async delete(repository: RepositoryName, tag: Tag): Promise<void> {
    await this.#objects.delete(tagsPrefix(repository) + tag)
  }

  /** Tags in byte order. One listing. */
  async list(repository: RepositoryName, page: ListPage): Promise<{ tags: readonly Tag[]; more: boolean }> {
    return this.#names(tagsPrefix(repository), page)
  }

  /** A hint that this tag pointed to this manifest, written before the record. */
  async noteTagged(repository: RepositoryName, digest: Digest, tag: Tag): Promise<void> {
    await this.#objects.put(taggedPrefix(repository, digest) + tag, new Uint8Array(0))
  }

  /** Tags that point, or once pointed, to this manifest. One listing. */
  async listTagged(
    repository: RepositoryName,
    digest: Digest,
    page: ListPage,
  ): Promise<{ tags: readonly Tag[]; more: boolean }> {
    return this.#names(taggedPrefix(repository, digest), page)
  }

  /** For people: nothing depends on it. `null` for a deletion. */
  async noteHistory(
    repository: RepositoryName,
    tag: Tag,
    at: Date,
    moved: TagRecord | null,
    by: string,
  ): Promise<void> {
    const entry = moved ?? { digest: null, pushedAt: at.toISOString(), pushedBy: by }
    await writeJson(this.#objects, historyKey(repository, tag, at, moved?.digest ?? null), entry)
  }

  /** Moves of the tag, the newest first, in the order of `names`. One listing. */
  async listHistory(repository: RepositoryName, tag: Tag, page: ListPage): Promise<NamesPage> {
    return listNames(this.#objects, historyPrefix(repository, tag), page)
  }

  /** One move of the tag, by its name in the listing. */
  async getHistory(repository: RepositoryName, tag: Tag, name: string): Promise<TagMove | null> {
    return readJson(this.#objects, historyPrefix(repository, tag) + name, parseTagMove)
  }

  async #names(prefix: string, page: ListPage): Promise<{ tags: readonly Tag[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, prefix, page)
    return { tags: names.filter(isTag), more }
  }
}
