import type { Descriptor } from '../../oci/descriptor.ts'
import { tagIndexKey } from '../keys.ts'
import type { TagIndex } from '../tag-index.ts'

export function createMemoryTagIndex(entries = new Map<string, Descriptor>()): TagIndex {
  return {
    get: (repository, tag) => Promise.resolve(entries.get(tagIndexKey(repository, tag)) ?? null),
    put(repository, tag, manifest) {
      entries.set(tagIndexKey(repository, tag), manifest)
      return Promise.resolve()
    },
    delete(repository, tag) {
      entries.delete(tagIndexKey(repository, tag))
      return Promise.resolve()
    },
  }
}
