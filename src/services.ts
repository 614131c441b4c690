import type { Accounts } from './accounts/accounts.ts'
import type { Authorizer } from './auth/access.ts'
import type { Observer } from './metrics/answered.ts'
import type { Readiness } from './registry/readiness.ts'
import type { UploadSessions } from './registry/upload-session.ts'
import { Blobs } from './storage/blobs.ts'
import { NO_EDGE_CACHE, type EdgeCache } from './storage/edge-cache.ts'
import { Manifests } from './storage/manifests.ts'
import { Repositories } from './storage/repositories.ts'
import type { ObjectStore } from './storage/object-store.ts'
import type { TagIndex } from './storage/tag-index.ts'
import { Tags } from './storage/tags.ts'
import { Uploads } from './storage/uploads.ts'

/** All that a handler may touch. One an isolate. */
export interface Services {
  readonly blobs: Blobs
  readonly uploads: Uploads
  readonly manifests: Manifests
  readonly tags: Tags
  readonly tagIndex: TagIndex
  readonly edgeCache: EdgeCache
  readonly repositories: Repositories
  readonly sessions: UploadSessions
  readonly authorizer: Authorizer
  /** `null` for a registry that is open to everybody. */
  readonly accounts: Accounts | null
  /** Where clients find the storage, if it is not where the function does; see config.ts. */
  readonly blobRedirectOrigin: string | null
  /** Whether each read of a tag asks storage. */
  readonly freshTagReads: boolean
  /** Are told of every answer. */
  readonly observers: readonly Observer[]
  /** What was counted; `null` where nothing is counted in memory. */
  readonly metricsPage: (() => string) | null
  readonly readiness: () => Promise<Readiness>
  readonly now: () => Date
}

type Stores = 'blobs' | 'uploads' | 'manifests' | 'tags' | 'repositories'

type Optional = 'edgeCache' | 'accounts' | 'observers' | 'metricsPage' | 'readiness'
type Others = Omit<Services, Stores | Optional> & Partial<Pick<Services, Optional>>

/** The registry over one bucket, without an edge cache, accounts and observers, and always ready, unless they are given. */
export function createServices(objects: ObjectStore, others: Others): Services {
  return {
    edgeCache: NO_EDGE_CACHE,
    accounts: null,
    observers: [],
    metricsPage: null,
    readiness: () => Promise.resolve({}),
    ...others,
    blobs: new Blobs(objects),
    uploads: new Uploads(objects),
    manifests: new Manifests(objects),
    tags: new Tags(objects),
    repositories: new Repositories(objects),
  }
}
