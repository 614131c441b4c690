import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { parseRepositoryName } from '../../../src/oci/repository.ts'
import { tagIndexName } from '../../../src/storage/keys.ts'
import { createMemoryTagIndex } from '../../../src/storage/memory/memory-tag-index.ts'
import type { ListedTagIndex } from '../../../src/storage/tag-index.ts'

const PAGE = 10

/** Its cursor is the last key of a page. */
export function listedTagIndex(entries: Map<string, Descriptor>): ListedTagIndex {
  return {
    ...createMemoryTagIndex(entries),
    list(cursor) {
      const keys = [...entries.keys()].sort().filter((key) => cursor === null || key > cursor)
      const page = keys.slice(0, PAGE)
      return Promise.resolve({
        entries: page.map((key) => {
          const { repository, tag } = tagIndexName(key)
          return { repository: parseRepositoryName(repository), tag: parseTag(tag) }
        }),
        cursor: keys.length > PAGE ? (page.at(-1) ?? null) : null,
      })
    },
  }
}
