import { createMemoryObjectStore } from '../../../src/storage/memory/memory-object-store.ts'
import type { ObjectStore, StoredObject } from '../../../src/storage/object-store.ts'

/** One call of storage: a read of `key`, or of the keys that begin so; or a change of it. */
export interface StorageCall {
  readonly kind: 'read' | 'write'
  readonly operation: string
  readonly key: string
}

export interface RecordedStore {
  readonly objects: ObjectStore
  /** The bucket itself. */
  readonly bucket: Map<string, StoredObject>
  /** The calls since the last time that this was asked. */
  taken(): readonly StorageCall[]
  /** From now on `restore` brings back what is there now. */
  keep(): void
  restore(): void
}

/** A bucket in memory that tells what is asked of it, and can be put back as it was. */
export function createRecordedStore(): RecordedStore {
  const bucket = new Map<string, StoredObject>()
  const bare = createMemoryObjectStore({ objects: bucket })
  let calls: StorageCall[] = []
  let kept = new Map<string, StoredObject>()

  const read = (operation: string, key: string) => calls.push({ kind: 'read', operation, key })
  const write = (operation: string, key: string) => calls.push({ kind: 'write', operation, key })
  const objects: ObjectStore = {
    ...bare,
    head(key) {
      read('head', key)
      return bare.head(key)
    },
    get(key) {
      read('get', key)
      return bare.get(key)
    },
    open(key) {
      read('open', key)
      return bare.open(key)
    },
    list(prefix, page) {
      read('list', prefix)
      return bare.list(prefix, page)
    },
    put(key, bytes, attributes) {
      write('put', key)
      return bare.put(key, bytes, attributes)
    },
    putStream(key, body, size, sha256) {
      write('putStream', key)
      return bare.putStream(key, body, size, sha256)
    },
    startMultipart(key) {
      write('startMultipart', key)
      return bare.startMultipart(key)
    },
    copy(from, to, size) {
      write('copy', to)
      return bare.copy(from, to, size)
    },
    delete(key) {
      write('delete', key)
      return bare.delete(key)
    },
  }
  return {
    objects,
    bucket,
    taken() {
      const taken = calls
      calls = []
      return taken
    },
    keep() {
      kept = new Map(bucket)
    },
    restore() {
      bucket.clear()
      for (const [key, object] of kept) bucket.set(key, object)
    },
  }
}
