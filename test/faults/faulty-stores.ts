import type { MultipartUpload, ObjectStore } from '../../src/storage/object-store.ts'
import type { ListedTagIndex } from '../../src/storage/tag-index.ts'
import { never, unavailable, type Faults } from './faults.ts'

/** Which modes differ from a plain failure for a call, by its name: the others have no middle. */
export const BODIED = /^(putStream|open) /

/** The store, each call of which may be the one that fails. `features` and `limits` are its own. */
export function faultyObjects(inner: ObjectStore, faults: Faults): ObjectStore {
  return {
    ...inner,
    head: (key) => faults.call(`head ${key}`, () => inner.head(key)),
    get: (key) => faults.call(`get ${key}`, () => inner.get(key)),
    put: (key, bytes, attributes) => {
      const copy = bytes.slice() // its memory is used again, and the put may come late
      return faults.call(`put ${key}`, () => inner.put(key, copy, attributes))
    },
    copy: (from, to, size) => faults.call(`copy ${from}`, () => inner.copy(from, to, size)),
    delete: (key) => faults.call(`delete ${key}`, () => inner.delete(key)),
    list: (prefix, page) => faults.call(`list ${prefix}`, () => inner.list(prefix, page)),
    open: (key) =>
      faults.call(`open ${key}`, () => inner.open(key), {
        cut: async () => half(await inner.open(key), 'breaks'),
        stall: async () => half(await inner.open(key), 'stalls'),
      }),
    putStream(key, body, size, sha256) {
      const act = () => inner.putStream(key, body, size, sha256)
      async function reads(bytes: number): Promise<void> {
        const reader = body.getReader()
        for (let read = 0; read < bytes; read += (await reader.read()).value?.length ?? Infinity);
        reader.releaseLock()
      }
      async function late(): Promise<never> {
        // All is read, and the digest has agreed: only then can it be stored, whatever the client is told.
        const bytes = new Uint8Array(await new Response(body).arrayBuffer())
        if (bytes.length === size)
          faults.delay(() =>
            inner.putStream(key, new Blob([bytes]).stream() as ReadableStream<Uint8Array>, size, sha256),
          )
        throw unavailable()
      }
      return faults.call(`putStream ${key}`, act, {
        late,
        later: late,
        hang: () => never(), // it is the caller's to give it up
        async stall() {
          await new Response(body).arrayBuffer()
          return never()
        },
        async cut() {
          await reads(size / 2)
          await body.cancel(new Error('connection lost'))
          throw unavailable()
        },
      })
    },
    async startMultipart(key) {
      return faultyUpload(key, await faults.call(`startMultipart ${key}`, () => inner.startMultipart(key)), faults)
    },
  }
}

function faultyUpload(key: string, inner: MultipartUpload, faults: Faults): MultipartUpload {
  return {
    putPart(bytes) {
      const copy = bytes.slice()
      return faults.call(`putPart ${key}`, () => inner.putPart(copy))
    },
    complete: () => faults.call(`complete ${key}`, () => inner.complete()),
    abort: () => faults.call(`abort ${key}`, () => inner.abort()).catch(() => undefined), // as it is promised
  }
}

/** The first half of a body, and then nothing, or an error. */
function half(body: ReadableStream<Uint8Array> | null, then: 'breaks' | 'stalls'): ReadableStream<Uint8Array> | null {
  if (body === null) return null
  const whole = new Response(body).arrayBuffer()
  let given = false
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = new Uint8Array(await whole)
        if (!given) controller.enqueue(bytes.slice(0, Math.ceil(bytes.length / 2)))
        else if (then === 'breaks') controller.error(new Error('connection lost'))
        else await never()
        given = true
      },
    },
    { highWaterMark: 0 },
  )
}

/** The index, whose reads answer `null` when they fail. */
export function faultyTagIndex(inner: ListedTagIndex, faults: Faults): ListedTagIndex {
  return {
    get: (repository, tag) => faults.call(`kv get ${tag}`, () => inner.get(repository, tag)).catch(() => null),
    put: (repository, tag, manifest) => faults.call(`kv put ${tag}`, () => inner.put(repository, tag, manifest)),
    list: (cursor) => faults.call('kv list', () => inner.list(cursor)),
    delete: (repository, tag) => faults.call(`kv delete ${tag}`, () => inner.delete(repository, tag)),
  }
}
