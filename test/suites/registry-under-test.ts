import { createApp } from '../../src/app.ts'
import { OPEN_AUTHORIZER } from '../../src/auth/access.ts'
import { createUploadSessions } from '../../src/registry/upload-session.ts'
import { createServices, type Services } from '../../src/services.ts'
import { createMemoryObjectStore, type MemoryOptions } from '../../src/storage/memory/memory-object-store.ts'
import { createMemoryTagIndex } from '../../src/storage/memory/memory-tag-index.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'

/** What the suites need of a registry: they run against one in memory and against the real one. */
export interface RegistryUnderTest {
  /** `path` begins with `/v2/`. Redirects are not followed. */
  fetch(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>
  /** The bytes behind a redirect. */
  download(location: string, headers?: Record<string, string>): Promise<Response>
  stop(): Promise<void>
}

export interface MemoryRegistry extends RegistryUnderTest {
  readonly services: Services
  readonly objects: ObjectStore
  /** Every key of the bucket. */
  keys(): Promise<string[]>
  /** Resolves when all that runs on after an answer has ended. */
  idle(): Promise<void>
}

export interface MemoryRegistryOptions extends MemoryOptions {
  wrap?: (objects: ObjectStore) => ObjectStore
  services?: Partial<Services>
}

export function createMemoryRegistry(options: MemoryRegistryOptions = {}): MemoryRegistry {
  const bare = createMemoryObjectStore(options)
  const objects = options.wrap?.(bare) ?? bare
  const services: Services = {
    ...createServices(objects, {
      tagIndex: createMemoryTagIndex(),
      sessions: createUploadSessions(['secret']),
      authorizer: OPEN_AUTHORIZER,
      blobRedirectOrigin: null,
      freshTagReads: false,
      now: () => new Date(),
    }),
    ...options.services,
  }
  const app = createApp()
  const running = new Set<Promise<unknown>>()
  return {
    services,
    objects,
    fetch: (path, init) =>
      app.fetch(new Request(`http://registry.test${path}`, init), services, (work) => {
        const settled = work.catch(() => undefined)
        running.add(settled)
      }),
    async download(location) {
      const found = await objects.get(new URL(location).pathname.slice(1))
      return new Response(found?.bytes ?? null, { status: found === null ? 404 : 200 })
    },
    async keys() {
      return (await bare.list('', { limit: 100_000 })).objects.map(({ key }) => key)
    },
    async idle() {
      await Promise.all(running)
    },
    stop: () => Promise.resolve(),
  }
}
