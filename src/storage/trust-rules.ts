import { createHash } from 'node:crypto'
import * as z from 'zod'

import { isNamespaceName, type NamespaceName } from '../oci/namespace.ts'
import { readJson, writeJson } from './json-object.ts'
import { trustedByPrefix, trustRulesPrefix } from './keys.ts'
import { listNames } from './list-names.ts'
import type { ListPage, ObjectStore } from './object-store.ts'

const trustRuleRecord = z.object({
  namespaceId: z.string(),
  /** As the issuer writes itself in `iss`. */
  issuer: z.string(),
  audience: z.string(),
  /** Each claim that is named must be there as a text, and fit: `*` stands for any number of characters. */
  claims: z.record(z.string(), z.string()),
  /** Repositories of the namespace: whole names, or beginnings with `*` after them. */
  repositories: z.array(z.string()),
  actions: z.array(z.enum(['pull', 'push', 'delete'])),
  /** RFC 3339. */
  createdAt: z.string(),
  createdBy: z.string(),
})
export type TrustRuleRecord = Readonly<z.infer<typeof trustRuleRecord>>

/** Whose tokens, of which other issuer, may do what in a namespace without an account of their own. */
export class TrustRules {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async get(namespace: NamespaceName, id: string): Promise<TrustRuleRecord | null> {
    return readJson(this.#objects, trustRulesPrefix(namespace) + id, (value) => trustRuleRecord.parse(value))
  }

  /** The hint first: a crash before the record leaves one that nothing answers to. */
  async put(namespace: NamespaceName, id: string, record: TrustRuleRecord): Promise<void> {
    await this.#objects.put(trustedByKey(record.issuer, namespace), new Uint8Array(0))
    await writeJson(this.#objects, trustRulesPrefix(namespace) + id, record)
  }

  /** The hint stays: other rules may need it. */
  async delete(namespace: NamespaceName, id: string): Promise<void> {
    await this.#objects.delete(trustRulesPrefix(namespace) + id)
  }

  /** Ids in byte order. One listing. */
  async list(namespace: NamespaceName, page: ListPage): Promise<{ ids: readonly string[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, trustRulesPrefix(namespace), page)
    return { ids: names, more }
  }

  /** Namespaces that may have rules for this issuer, in byte order. One listing. */
  async listTrusting(issuer: string, page: ListPage): Promise<{ namespaces: readonly NamespaceName[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, trustedByPrefix(hashOf(issuer)), page)
    return { namespaces: names.filter(isNamespaceName), more }
  }
}

/** The hint that `namespace` may have rules for this issuer. */
export function trustedByKey(issuer: string, namespace: NamespaceName): string {
  return trustedByPrefix(hashOf(issuer)) + namespace
}

function hashOf(issuer: string): string {
  return createHash('sha256').update(issuer).digest('hex')
}
