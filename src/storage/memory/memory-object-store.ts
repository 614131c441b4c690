import { createHash } from 'node:crypto'

import { RegistryError } from '../../oci/errors.ts'
import {
  PRESIGN_EXPIRY_SECONDS,
  presignWindowStart,
  type ObjectAttributes,
  type ObjectStore,
  type StoreFeature,
  type StoredObject,
  type StoreLimits,
} from '../object-store.ts'

export interface MemoryOptions {
  features?: readonly StoreFeature[]
  limits?: Partial<StoreLimits>
  /** Shared by two stores, it is one bucket. */
  objects?: Map<string, StoredObject>
}

const DEFAULT_LIMITS: StoreLimits = {
  putBytes: 5 * 2 ** 30,
  copyBytes: 5 * 2 ** 30,
  partBytes: 5 * 2 ** 20,
  parts: 10_000,
  stallMs: 10_000,
  commitMs: 10_000,
}

/** A bucket in memory: the first adapter, for tests and for trying out orders of events. */
export function createMemoryObjectStore(options: MemoryOptions = {}): ObjectStore {
  const objects = options.objects ?? new Map<string, StoredObject>()
  const features = new Set(options.features)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }

  function store(key: string, bytes: Uint8Array, { contentType, metadata }: ObjectAttributes = {}): void {
    objects.set(key, {
      bytes: bytes.slice(),
      size: bytes.length,
      contentType: contentType ?? 'application/octet-stream',
      metadata: { ...metadata },
      lastModified: new Date(),
    })
  }

  return {
    features,
    limits,
    head: (key) => Promise.resolve(objects.get(key) ?? null),
    get: (key) => Promise.resolve(objects.get(key) ?? null),
    open(key) {
      const found = objects.get(key)
      return Promise.resolve(found === undefined ? null : new Blob([found.bytes.slice()]).stream())
    },
    put(key, bytes, attributes) {
      store(key, bytes, attributes)
      return Promise.resolve()
    },
    async putStream(key, body, size, sha256) {
      const bytes = await collect(body).catch((cause: unknown) => {
        throw cause instanceof RegistryError ? cause : new RegistryError('UNAVAILABLE', { cause })
      })
      if (bytes.length !== size) throw new RegistryError('UNAVAILABLE', { cause: new Error('body ended early') })
      if (features.has('checksum-sha256') && sha256 !== undefined && sha256 !== sha256Of(bytes))
        throw new RegistryError('DIGEST_INVALID')
      store(key, bytes)
    },
    startMultipart(key) {
      const parts: Uint8Array[] = []
      return Promise.resolve({
        putPart(bytes) {
          parts.push(bytes.slice())
          return Promise.resolve()
        },
        complete() {
          store(key, concat(parts))
          return Promise.resolve()
        },
        abort: () => Promise.resolve(),
      })
    },
    copy(from, to) {
      const found = objects.get(from)
      if (found !== undefined) store(to, found.bytes, found)
      return Promise.resolve(found !== undefined)
    },
    delete(key) {
      objects.delete(key)
      return Promise.resolve()
    },
    list(prefix, { after = '', limit }) {
      const keys = firstKeys(objects.keys(), prefix, prefix + after, limit + 1)
      const page = keys.slice(0, limit).map((key) => ({ key, size: objects.get(key)?.size ?? 0 }))
      return Promise.resolve({ objects: page, more: keys.length > page.length })
    },
    presignGet(key, now) {
      const start = presignWindowStart(now).toISOString()
      const url = new URL(`https://storage.test/${key}`)
      url.search = new URLSearchParams({ from: start, seconds: String(PRESIGN_EXPIRY_SECONDS) }).toString()
      return Promise.resolve(url)
    },
  }
}

/**
 * The first `count` keys in byte order that begin with `prefix` and come after `start`. All keys are looked at, but
 * only twice as many as asked for are ever sorted: a bucket of 100,000 keys is listed in no time.
 */
function firstKeys(keys: Iterable<string>, prefix: string, start: string, count: number): string[] {
  let found: string[] = []
  let end: string | null = null // nothing from here on can be among the first
  for (const key of keys) {
    // Keys are ASCII, so the order of strings is the order of bytes.
    if (key <= start || (end !== null && key >= end) || !key.startsWith(prefix)) continue
    found.push(key)
    if (found.length < 2 * count) continue
    found = found.sort().slice(0, count)
    end = found.at(-1) ?? null
  }
  return found.sort().slice(0, count)
}

async function collect(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk.slice())
  return concat(chunks)
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
