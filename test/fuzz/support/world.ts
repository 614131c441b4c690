import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { createMemoryTagIndex } from '../../../src/storage/memory/memory-tag-index.ts'
import type { StoredObject } from '../../../src/storage/object-store.ts'
import { locationOf } from '../../suites/client.ts'
import {
  createMemoryRegistry,
  type MemoryRegistry,
  type MemoryRegistryOptions,
} from '../../suites/registry-under-test.ts'
import { readAnswer, type Answer } from './answers.ts'
import { pushAll } from './content.ts'
import type { FuzzedBody, FuzzedRequest } from './requests.ts'

/** Fixed, so that what is signed does not change between two worlds. */
const NOW = new Date('2026-01-01T12:00:00Z')

/** A registry's storage, to be copied for each case: filling one takes longer than trying it. */
export interface WorldState {
  readonly objects: ReadonlyMap<string, StoredObject>
  readonly index: ReadonlyMap<string, Descriptor>
  /** Of the uploads in `mine`. */
  readonly locations: readonly string[]
}

export interface World {
  readonly registry: MemoryRegistry
  send(request: FuzzedRequest): Promise<Answer>
}

/** @param secret whether `secret/app` is there */
export async function prepareWorld(secret: boolean): Promise<WorldState> {
  const state = { objects: new Map<string, StoredObject>(), index: new Map<string, Descriptor>() }
  return { ...state, locations: await pushAll(createMemoryRegistry(optionsOf(state)), secret) }
}

/** A registry of its own that begins with this. */
export function openWorld({ objects, index, locations }: WorldState, options: MemoryRegistryOptions = {}): World {
  const copy = optionsOf({ objects: new Map(objects), index: new Map(index) })
  const services = { ...copy.services, ...options.services }
  const registry = createMemoryRegistry({ limits: LIMITS, ...copy, ...options, services })
  const latest = [...locations]
  return {
    registry,
    async send({ method, path, headers, body }) {
      const [, index] = /^\{(\d)\}/.exec(path) ?? []
      const full = path.replace(/^\{\d\}/, () => latest[Number(index)] ?? '')
      const length = body?.how === 'whole' ? { 'Content-Length': String(body.bytes.length) } : {}
      const response = await registry.fetch(full, { method, headers: { ...length, ...headers }, ...bodyOf(body) })
      if (index !== undefined && response.headers.has('Docker-Upload-UUID'))
        latest[Number(index)] = locationOf(response)
      return readAnswer(response)
    },
  }
}

/** Memory for a part is set aside before its bytes come: five megabytes for each request would take their time. */
const LIMITS = { partBytes: 4096 }

function optionsOf({ objects, index }: { objects: Map<string, StoredObject>; index: Map<string, Descriptor> }) {
  return { objects, services: { tagIndex: createMemoryTagIndex(index), now: () => NOW } }
}

function bodyOf(body: FuzzedBody): { body?: BodyInit; duplex?: 'half' } {
  if (body === null) return {}
  if (body.how === 'whole') return { body: body.bytes as BodyInit }
  return { body: pieces(body.bytes, body.how === 'broken'), duplex: 'half' }
}

function pieces(content: Uint8Array, broken: boolean): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at < content.length) controller.enqueue(content.slice(at, (at += 7)))
      else if (broken) controller.error(new Error('the client has gone'))
      else controller.close()
    },
  })
}
