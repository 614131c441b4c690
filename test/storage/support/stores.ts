import { expect } from 'vitest'

import type { ObjectStore, StoredObject, StoreFeature, StoreLimits } from '../../../src/storage/object-store.ts'
import { createMemoryObjectStore } from '../../../src/storage/memory/memory-object-store.ts'

export type Step = Exclude<keyof ObjectStore, 'features' | 'limits' | 'presignGet'> | 'putPart' | 'complete' | 'abort'

export interface WatchedStore {
  readonly store: ObjectStore
  readonly objects: Map<string, StoredObject>
  /** Every call so far, in order, as its name and key. */
  readonly calls: string[]
  /** Bytes that `putStream` was given so far. */
  readonly received: () => number
}

interface WatchedOptions {
  limits?: Partial<StoreLimits>
  features?: StoreFeature[]
  /** Called before each step; what it throws is the step's failure. `count` is 1 for the first of its kind. */
  before?: (step: Step, count: number) => Promise<void> | void
  /** Called after `putStream` has been given so many bytes more; what it throws is its failure. */
  during?: (received: number) => void
}

/** A bucket in memory that shows what is asked of it, and fails when it is told to. */
export function watchedStore({ limits, features, before, during }: WatchedOptions = {}): WatchedStore {
  const objects = new Map<string, StoredObject>()
  const inner = createMemoryObjectStore({ objects, ...(limits && { limits }), ...(features && { features }) })
  const calls: string[] = []
  let received = 0

  async function step(name: Step, key: string): Promise<void> {
    calls.push(`${name} ${key}`)
    await before?.(name, calls.filter((call) => call.startsWith(`${name} `)).length)
  }

  const store: ObjectStore = {
    ...inner,
    async head(key) {
      await step('head', key)
      return inner.head(key)
    },
    async get(key) {
      await step('get', key)
      return inner.get(key)
    },
    async open(key) {
      await step('open', key)
      return inner.open(key)
    },
    async put(key, bytes, attributes) {
      await step('put', key)
      await inner.put(key, bytes, attributes)
    },
    async putStream(key, body, size, sha256) {
      await step('putStream', key)
      const counted = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          received += chunk.length
          during?.(received)
          controller.enqueue(chunk)
        },
      })
      await inner.putStream(key, body.pipeThrough(counted), size, sha256)
    },
    async startMultipart(key) {
      await step('startMultipart', key)
      const upload = await inner.startMultipart(key)
      return {
        async putPart(bytes) {
          await step('putPart', key)
          await upload.putPart(bytes)
        },
        async complete() {
          await step('complete', key)
          await upload.complete()
        },
        async abort() {
          await step('abort', key)
          await upload.abort()
        },
      }
    },
    async copy(from, to, size) {
      await step('copy', from)
      return inner.copy(from, to, size)
    },
    async delete(key) {
      await step('delete', key)
      await inner.delete(key)
    },
    async list(prefix, page) {
      await step('list', prefix)
      return inner.list(prefix, page)
    },
  }
  return { store, objects, calls, received: () => received }
}

/** The text of a stored record. */
export function textAt(objects: ReadonlyMap<string, StoredObject>, key: string): string {
  const found = objects.get(key)
  if (found === undefined) throw new Error(`there is nothing at ${key}`)
  return new TextDecoder().decode(found.bytes)
}

/** Of a multipart upload that was begun, nothing may stay behind, and nothing may be completed. */
export function expectNothingLeft(calls: readonly string[], key: string): void {
  const begun = calls.filter((call) => call === `startMultipart ${key}`).length
  expect(calls.filter((call) => call === `abort ${key}`)).toHaveLength(begun)
  expect(calls).not.toContain(`complete ${key}`)
}
