import { RegistryError } from '../../../src/oci/errors.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'

/** A store whose writes can be made to fail, as a process that dies there makes them. */
export interface FailingStore {
  readonly wrap: (objects: ObjectStore) => ObjectStore
  /** Writes since the last `failAt`. */
  writes(): number
  /** The write of this number fails, having acted or not, and all after it; `null` for none. */
  failAt(write: number | null, acts?: boolean): void
}

export function createFailingStore(): FailingStore {
  let count = 0
  let fault: { write: number; acts: boolean } | null = null

  async function write(act: () => Promise<void>): Promise<void> {
    count += 1
    if (fault === null || count < fault.write) return act()
    if (count === fault.write && fault.acts) await act()
    throw new RegistryError('UNAVAILABLE')
  }

  return {
    wrap: (objects) => ({
      ...objects,
      put: (...parameters) => write(() => objects.put(...parameters)),
      delete: (key) => write(() => objects.delete(key)),
    }),
    writes: () => count,
    failAt(number, acts = false) {
      count = 0
      fault = number === null ? null : { write: number, acts }
    },
  }
}
