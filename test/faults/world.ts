import { checkStorage } from '../../src/maintenance/check-storage.ts'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { createUploadSessions } from '../../src/registry/upload-session.ts'
import { createMemoryObjectStore, type MemoryOptions } from '../../src/storage/memory/memory-object-store.ts'
import { createMemoryTagIndex } from '../../src/storage/memory/memory-tag-index.ts'
import type { ObjectStore, StoredObject, StoreLimits } from '../../src/storage/object-store.ts'
import type { ListedTagIndex } from '../../src/storage/tag-index.ts'
import { createMemoryRegistry, type MemoryRegistry, type MemoryRegistryOptions } from '../suites/registry-under-test.ts'
import { HANG_MS, type Faults, type Mode } from './faults.ts'
import { faultyObjects, faultyTagIndex } from './faulty-stores.ts'

/** What outlives the function: the bucket and KV, by key. */
export interface World {
  readonly objects: Map<string, StoredObject>
  readonly tags: Map<string, Descriptor>
}

/** A running function, and its index as maintenance has it. */
export interface Instance extends MemoryRegistry {
  readonly tagIndex: ListedTagIndex
}

export type StoreOptions = Pick<MemoryOptions, 'limits' | 'features'>

/** Of all instances, as the secret is: to derive its key for each would take longer than the cases. */
const sessions = createUploadSessions(['secret'])

export function createWorld(): World {
  return { objects: new Map(), tags: new Map() }
}

/** The same state, to be changed apart. */
export function copyOf({ objects, tags }: World): World {
  return { objects: new Map(objects), tags: new Map(tags) }
}

/** A new instance of the function over this state. */
export function openRegistry({ objects, tags }: World, options: StoreOptions = {}): Instance {
  return instanceOf({ ...options, objects }, listedTagIndex(tags))
}

/** One whose calls to storage and KV go through `faults`. */
export function openFaultyRegistry({ objects, tags }: World, faults: Faults, options: StoreOptions): Instance {
  const limits = { ...options.limits, ...waitsOf(faults.mode) }
  const wrap = (bare: ObjectStore) => faultyObjects(bare, faults)
  return instanceOf({ ...options, limits, objects, wrap }, faultyTagIndex(listedTagIndex(tags), faults))
}

/**
 * Short where storage is silent. A function that was killed has no business to wait for long either; where nobody
 * waits, a busy machine must not seem to be a fault.
 */
function waitsOf(mode: Mode | null): Partial<StoreLimits> {
  if (mode === 'hang' || mode === 'stall') return { stallMs: HANG_MS, commitMs: HANG_MS }
  return mode === 'killed' || mode === 'killed after' ? { stallMs: 10 * HANG_MS, commitMs: 10 * HANG_MS } : {}
}

/** One that changes nothing: whoever looks through it does not help by filling KV. */
export function openObserver({ objects, tags }: World): Instance {
  const ignore = () => Promise.resolve()
  return instanceOf({ objects }, { ...listedTagIndex(tags), put: ignore, delete: ignore })
}

/** One whose storage is another adapter over the same objects. */
export function instanceOver({ tags }: World, open: () => ObjectStore): Instance {
  return instanceOf({ wrap: open }, listedTagIndex(tags))
}

function instanceOf(options: MemoryRegistryOptions, tagIndex: ListedTagIndex): Instance {
  return { ...createMemoryRegistry({ ...options, services: { sessions, tagIndex } }), tagIndex }
}

/** Two entries a page, so that there is more than one. */
function listedTagIndex(tags: World['tags']): ListedTagIndex {
  return {
    ...createMemoryTagIndex(tags),
    list(cursor) {
      const keys = [...tags.keys()].sort().filter((key) => cursor === null || key > cursor)
      const entries = keys.slice(0, 2).map((key) => {
        const [, repository = '', tag = ''] = key.split(':')
        return { repository: parseRepositoryName(repository), tag: parseTag(tag) }
      })
      return Promise.resolve({ entries, cursor: keys.length > 2 ? (keys[1] ?? null) : null })
    },
  }
}

/**
 * What `fsck` finds: breaches as lines for people, leaks only counted.
 *
 * @param verify whether it reads every blob, which takes its time
 */
export async function check({ objects }: World, verify: boolean): Promise<{ breaches: string[]; leaks: number }> {
  const breaches: string[] = []
  let leaks = 0
  for await (const { severity, kind, key, detail } of checkStorage(createMemoryObjectStore({ objects }), { verify })) {
    if (severity === 'leak') leaks++
    else breaches.push(`${kind} ${key}: ${detail}`)
  }
  return { breaches, leaks }
}

/** The entries of KV that are not what the tag's record says. */
export function staleTags({ objects, tags }: World): string[] {
  return [...tags].flatMap(([key, { digest, mediaType, size }]) => {
    const [, repository = '', tag = ''] = key.split(':')
    const stored = objects.get(`repositories/${repository}/_tags/${tag}`)
    const record = stored === undefined ? null : (JSON.parse(new TextDecoder().decode(stored.bytes)) as Descriptor)
    const same = record?.digest === digest && record.mediaType === mediaType && record.size === size
    return same
      ? []
      : [`KV has ${key} -> ${digest.slice(0, 15)}, the record ${record?.digest.slice(0, 15) ?? 'is gone'}`]
  })
}
