import { vi } from 'vitest'

import { createApp } from '../../../src/app.ts'
import { OPEN_AUTHORIZER } from '../../../src/auth/access.ts'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { decodeBase64Url, encodeBase64Url } from '../../../src/oci/base64.ts'
import { parseRepositoryName } from '../../../src/oci/repository.ts'
import type { UploadSession, UploadSessions } from '../../../src/registry/upload-session.ts'
import { createServices, type Services } from '../../../src/services.ts'
import type { MemoryOptions } from '../../../src/storage/memory/memory-object-store.ts'
import type { ObjectStore, StoredObject } from '../../../src/storage/object-store.ts'
import type { Process, Run, Touch } from '../explorer/run.ts'
import { createBucket, createKv, stepped, steppedIndex, type Kv } from '../explorer/stores.ts'
import { createLog, type Call, type Entry, type Log } from './log.ts'

const app = createApp()

export interface WorldOptions {
  /** What storage and KV hold at first. */
  objects?: ReadonlyMap<string, StoredObject>
  entries?: ReadonlyMap<string, Descriptor>
  limits?: MemoryOptions['limits']
  /** Whether KV may answer what was; it does by default. */
  lags?: boolean
  freshTagReads?: boolean
  /**
   * Whether it matters to the check which call was answered before a reader began: orders that differ in this do not
   * count as the same then.
   */
  timed?: boolean
}

/** A registry whose every request is a process of the run, and what has come of them. */
export interface World {
  readonly objects: Map<string, StoredObject>
  /** Without steps: for what was before and what is looked at in the end. */
  readonly bucket: ObjectStore
  readonly kv: Kv
  readonly log: Log
  readonly freshTagReads: boolean
  /** Starts a client. What it does one after the other is each a request of its own; see `Client`. */
  client(name: string, act: (client: Client) => Promise<void>): void
  /** The answer to a request that is no part of the run, with KV as it is now. */
  ask(path: string, init?: RequestInit): Promise<Response>
}

/** What the handlers are given; mutations.ts does more with storage than the registry. */
export interface WorldServices extends Services {
  readonly objects: ObjectStore
}

export interface Client {
  /** @returns `null` when the function crashed, and the client has no answer */
  send(call: Call, path: string, init?: RequestInit): Promise<Response | null>
}

export function createWorld(run: Run, options: WorldOptions = {}): World {
  const { lags = true, freshTagReads = false, timed = false } = options
  const objects = new Map(options.objects)
  const bucket = createBucket(objects, options.limits)
  const kv = createKv(options.entries)
  const log = createLog()
  // The real ones are not the same in every order. Some sort after, some before those of a request that began earlier.
  vi.spyOn(crypto, 'randomUUID').mockImplementation(() => uuidOf(run.nextId()))

  function servicesOf(process: Process): WorldServices {
    const time = new Date(Number.parseInt(process.name, 36)) // the same in every order, and a name's own
    const store = stepped(process, bucket)
    const services = createServices(store, {
      tagIndex: steppedIndex(process, kv, lags),
      sessions: PLAIN_SESSIONS,
      authorizer: OPEN_AUTHORIZER,
      blobRedirectOrigin: null,
      freshTagReads,
      now: () => time,
    })
    return { ...services, objects: store }
  }

  async function send(name: string, call: Call, path: string, init?: RequestInit): Promise<Response | null> {
    const reads = call.kind === 'pull tag' || call.kind === 'pull manifest'
    const began = timed && reads ? [{ key: 'answered ', prefix: true, write: false } as const] : []
    let entry: Entry | undefined
    const work = async (process: Process) => {
      entry = log.begin(call, process.faults)
      const response = await app.fetch(requestOf(path, init), servicesOf(process), (more) => {
        more.catch(() => undefined)
      })
      if (timed && !reads) await process.step(endOf(name))
      log.end(entry, response)
      return response
    }
    const response = await run.begin(name, work, began)
    if (response === null && entry !== undefined) log.crash(entry)
    return response
  }

  return {
    objects,
    bucket,
    kv,
    log,
    freshTagReads,
    client(name, act) {
      let requests = 0
      void act({ send: (call, path, init) => send(`${name}${++requests}`, call, path, init) })
    },
    ask(path, init) {
      const plain: Process = { name: 'afterwards', faults: [], step: (step) => step.act() }
      return app.fetch(requestOf(path, init), servicesOf(plain), (work) => {
        work.catch(() => undefined)
      })
    },
  }
}

function endOf(name: string) {
  const touches: readonly Touch[] = [{ key: `answered ${name}`, write: true }]
  return { name: 'is answered', touches, act: () => Promise.resolve(), faults: [] }
}

function requestOf(path: string, init: RequestInit = {}): Request {
  return new Request(`http://registry.test${path}`, init)
}

function uuidOf({ process, count }: ReturnType<Run['nextId']>): ReturnType<typeof crypto.randomUUID> {
  const hex = Number.parseInt(process || '0', 36)
    .toString(16)
    .padStart(8, '0')
    .slice(-8)
  const turned = count % 2 === 0 ? hex : (hex.match(/./g) ?? []).reverse().join('')
  return `${turned}-0000-4000-8000-${String(count).padStart(12, '0')}`
}

/** Without a signature, which would be made on another thread: no run could be repeated. */
const PLAIN_SESSIONS: UploadSessions = {
  sign: (session) => Promise.resolve(plainToken(session)),
  verify(token) {
    const session = JSON.parse(new TextDecoder().decode(decodeBase64Url(token) ?? undefined)) as UploadSession
    return Promise.resolve({ ...session, repository: parseRepositoryName(session.repository) })
  },
}

export function plainToken(session: UploadSession): string {
  return encodeBase64Url(new TextEncoder().encode(JSON.stringify(session)))
}
