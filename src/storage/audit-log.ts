import * as z from 'zod'

import type { NamespaceName } from '../oci/namespace.ts'
import { readJson, writeJson } from './json-object.ts'
import { auditPrefix } from './keys.ts'
import { listNames, type NamesPage } from './list-names.ts'
import type { ListPage, ObjectStore } from './object-store.ts'

const auditEvent = z.object({
  /** RFC 3339. */
  at: z.string(),
  /** Who, as tag records name them. */
  by: z.string(),
  /** The id of the token that they came with; `null` for one without a record. */
  token: z.string().nullable(),
  /** The address that the request came from; `null` where it is not known. */
  from: z.string().nullable(),
  requestId: z.string().nullable(),
  /** What was done, as `<kind of thing>.<verb>`. */
  action: z.string(),
  /** What it was done to. */
  subject: z.string(),
  /** How it is from then on: never a secret. */
  detail: z.record(z.string(), z.unknown()),
})
export type AuditEvent = Readonly<z.infer<typeof auditEvent>>

/** What no namespace can be called: events of the registry as a whole. */
export const REGISTRY_EVENTS = '_registry'
export type AuditSubject = NamespaceName | typeof REGISTRY_EVENTS

const MAX_COUNT = 1_000_000

/** One object an event, in the order of time. Nothing in the registry changes or deletes one. */
export class AuditLog {
  readonly #objects: ObjectStore
  #count = 0

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async append(about: AuditSubject, event: AuditEvent): Promise<void> {
    // What happens here within one millisecond keeps its order, too.
    const number = String(this.#count++ % MAX_COUNT).padStart(6, '0')
    await writeJson(this.#objects, `${auditPrefix(about)}${event.at}-${number}-${crypto.randomUUID()}`, event)
  }

  /**
   * Names of events in the order of time. One listing.
   *
   * @param page begins after the name of an event, or a moment as RFC 3339 in UTC; '' for the first page
   */
  async list(about: AuditSubject, page: ListPage): Promise<NamesPage> {
    return listNames(this.#objects, auditPrefix(about), page)
  }

  async get(about: AuditSubject, name: string): Promise<AuditEvent | null> {
    return readJson(this.#objects, auditPrefix(about) + name, (value) => auditEvent.parse(value))
  }
}
