import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { RegistryError } from '../../../src/oci/errors.ts'
import { tagIndexKey } from '../../../src/storage/keys.ts'
import { createMemoryObjectStore, type MemoryOptions } from '../../../src/storage/memory/memory-object-store.ts'
import type { MultipartUpload, ObjectStore, StoredObject } from '../../../src/storage/object-store.ts'
import type { TagIndex } from '../../../src/storage/tag-index.ts'
import type { Fault, Process, Touch } from './run.ts'

/** A bucket whose streams are there at once: no step may take longer than one turn. */
export function createBucket(objects: Map<string, StoredObject>, limits: MemoryOptions['limits'] = {}): ObjectStore {
  return {
    ...createMemoryObjectStore({ objects, limits }),
    open: (key) => Promise.resolve(streamOf(objects.get(key)?.bytes.slice() ?? null)),
  }
}

function streamOf(bytes: Uint8Array | null): ReadableStream<Uint8Array> | null {
  if (bytes === null) return null
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}

const reading = (key: string): readonly Touch[] => [{ key: `storage ${key}`, write: false }]
const writing = (key: string): readonly Touch[] => [{ key: `storage ${key}`, write: true }]

/** The bucket as a process sees it: each of its calls is a step. */
export function stepped(process: Process, bucket: ObjectStore): ObjectStore {
  function step<T>(name: string, touches: readonly Touch[], act: () => Promise<T>, faults?: readonly Fault[]) {
    return process.step({ name, touches, act, ...(faults && { faults }) })
  }
  return {
    features: bucket.features,
    limits: bucket.limits,
    presignGet: (key, now) => bucket.presignGet(key, now),
    head: (key) => step(`head ${key}`, reading(key), () => bucket.head(key)),
    get: (key) => step(`get ${key}`, reading(key), () => bucket.get(key)),
    open: (key) => step(`open ${key}`, reading(key), () => bucket.open(key)),
    put(key, bytes, attributes) {
      const sent = bytes.slice() // the memory is the caller's again when it has been told of a failure
      return step(`put ${key}`, writing(key), () => bucket.put(key, sent, attributes))
    },
    async putStream(key, body, size, sha256) {
      const sent = await collect(body)
      const stream = streamOf(sent) ?? new ReadableStream<Uint8Array>()
      return step(`putStream ${key}`, writing(key), () => bucket.putStream(key, stream, size, sha256))
    },
    async startMultipart(key) {
      const upload = await step(`startMultipart ${key}`, [], () => bucket.startMultipart(key))
      return steppedUpload(key, upload)
    },
    copy: (from, to, size) =>
      step(`copy ${from} ${to}`, [...reading(from), ...writing(to)], () => bucket.copy(from, to, size)),
    delete: (key) => step(`delete ${key}`, writing(key), () => bucket.delete(key)),
    list(prefix, page) {
      const touches = [{ key: `storage ${prefix}`, prefix: true, write: false }] as const
      return step(`list ${prefix}`, touches, () => bucket.list(prefix, page))
    },
  }

  function steppedUpload(key: string, upload: MultipartUpload): MultipartUpload {
    return {
      putPart(bytes) {
        const sent = bytes.slice()
        return step(`putPart ${key}`, [], () => upload.putPart(sent))
      },
      complete: () => step(`complete ${key}`, writing(key), () => upload.complete()),
      abort: () => step(`abort ${key}`, [], () => upload.abort(), ['crash']), // it never throws
    }
  }
}

async function collect(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  try {
    return new Uint8Array(await new Response(body).arrayBuffer())
  } catch (cause) {
    throw cause instanceof RegistryError ? cause : new RegistryError('UNAVAILABLE', { cause })
  }
}

/** KV of the whole world: what it holds, and all that a location may still see of it. */
export interface Kv {
  readonly entries: Map<string, Descriptor>
  /** Each value that a key has had, the first one first. */
  readonly seen: Map<string, (Descriptor | null)[]>
}

export function createKv(entries: ReadonlyMap<string, Descriptor> = new Map()): Kv {
  return {
    entries: new Map(entries),
    seen: new Map([...entries].map(([key, value]) => [key, [value]])),
  }
}

/**
 * KV as a process sees it: each call is a step, and a read may answer all that the key has held since the run began.
 *
 * @param lags false for a location that is told of every write at once
 */
export function steppedIndex(process: Process, { entries, seen }: Kv, lags: boolean): TagIndex {
  function set(key: string, value: Descriptor | null): Promise<void> {
    seen.set(key, [...(seen.get(key) ?? [null]), value])
    if (value === null) entries.delete(key)
    else entries.set(key, value)
    return Promise.resolve()
  }
  function answers(key: string) {
    const values = [null, ...(seen.get(key) ?? [])] // one that cannot be read counts as absent
    const distinct = new Map(values.map((value) => [value?.digest ?? 'absent', value]))
    return [...distinct].map(([name, value]) => ({ name, value }))
  }
  return {
    get(repository, tag) {
      const key = tagIndexKey(repository, tag)
      const touches = [{ key: `KV ${key}`, write: false }]
      const act = () => Promise.resolve(entries.get(key) ?? null)
      const faults: readonly Fault[] = ['crash'] // it never throws
      return process.step({ name: `KV get ${key}`, touches, act, faults, ...(lags && { answers: () => answers(key) }) })
    },
    put(repository, tag, { digest, mediaType, size }) {
      const key = tagIndexKey(repository, tag)
      const value = { digest, mediaType, size }
      const touches = [{ key: `KV ${key}`, write: true }]
      return process.step({ name: `KV put ${key}`, touches, act: () => set(key, value) })
    },
    delete(repository, tag) {
      const key = tagIndexKey(repository, tag)
      const touches = [{ key: `KV ${key}`, write: true }]
      return process.step({ name: `KV delete ${key}`, touches, act: () => set(key, null) })
    },
  }
}
