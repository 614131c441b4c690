import * as z from 'zod'

import { isNamespaceName, type NamespaceName } from '../oci/namespace.ts'
import { readJson, writeJson } from './json-object.ts'
import { namespaceKey, NAMESPACES_PREFIX, publicByDefaultKey } from './keys.ts'
import { listNames } from './list-names.ts'
import type { ListPage, ObjectStore } from './object-store.ts'

export type Visibility = 'private' | 'public'

const namespaceRecord = z.object({
  kind: z.enum(['user', 'organisation']),
  /** Another one each time that a namespace of this name is created: what belongs to an earlier one is void. */
  id: z.string(),
  /** Whether this user may do everything. */
  administrator: z.boolean(),
  /** RFC 3339. */
  createdAt: z.string(),
  createdBy: z.string(),
})
export type NamespaceRecord = Readonly<z.infer<typeof namespaceRecord>>

/** Users and organisations: who owns what lies below their names. An absent one is `null`. */
export class Namespaces {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async get(name: NamespaceName): Promise<NamespaceRecord | null> {
    return readJson(this.#objects, namespaceKey(name), (value) => namespaceRecord.parse(value))
  }

  async put(name: NamespaceName, record: NamespaceRecord): Promise<void> {
    await writeJson(this.#objects, namespaceKey(name), record)
  }

  async delete(name: NamespaceName): Promise<void> {
    await this.#objects.delete(namespaceKey(name))
  }

  /** Of its repositories when they are created. One HEAD. */
  async getDefaultVisibility(name: NamespaceName, { id }: NamespaceRecord): Promise<Visibility> {
    return (await this.#objects.head(publicByDefaultKey(name, id))) === null ? 'private' : 'public'
  }

  /** An object of its own: its owners change it, and what they write can never bring back a record that is removed. */
  async setDefaultVisibility(name: NamespaceName, { id }: NamespaceRecord, wanted: Visibility): Promise<void> {
    const key = publicByDefaultKey(name, id)
    await (wanted === 'public' ? this.#objects.put(key, new Uint8Array(0)) : this.#objects.delete(key))
  }

  /** Names in byte order. One listing. */
  async list(page: ListPage): Promise<{ names: readonly NamespaceName[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, NAMESPACES_PREFIX, page)
    return { names: names.filter(isNamespaceName), more }
  }
}
