import * as z from 'zod'

import { isNamespaceName, type NamespaceName } from '../oci/namespace.ts'
import { readJson, writeJson } from './json-object.ts'
import { membershipsPrefix, membersPrefix } from './keys.ts'
import { listNames } from './list-names.ts'
import type { ListPage, ObjectStore } from './object-store.ts'

const role = z.enum(['owner', 'writer', 'reader'])

const memberRecord = z.object({
  /** Of the organisation and of the user, as they were when the one joined the other. */
  organisationId: z.string(),
  userId: z.string(),
  /** In all repositories of the organisation; `null` for those alone that `repositories` names. */
  role: role.nullable(),
  /** More than `role` gives, in single repositories, by their whole names. */
  repositories: z.record(z.string(), role),
  /** RFC 3339. */
  addedAt: z.string(),
  addedBy: z.string(),
})
export type MemberRecord = Readonly<z.infer<typeof memberRecord>>

/**
 * Who belongs to which organisation, and as what. A record counts only while both are those that it names by their ids;
 * an absent one is `null`.
 */
export class Members {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async get(organisation: NamespaceName, user: NamespaceName): Promise<MemberRecord | null> {
    return readJson(this.#objects, membersPrefix(organisation) + user, (value) => memberRecord.parse(value))
  }

  /** The hint first: a crash before the record leaves one that nothing answers to. */
  async put(organisation: NamespaceName, user: NamespaceName, record: MemberRecord): Promise<void> {
    await this.#objects.put(membershipsPrefix(user) + organisation, new Uint8Array(0))
    await writeJson(this.#objects, membersPrefix(organisation) + user, record)
  }

  async delete(organisation: NamespaceName, user: NamespaceName): Promise<void> {
    await this.#objects.delete(membersPrefix(organisation) + user)
    await this.#objects.delete(membershipsPrefix(user) + organisation)
  }

  /** Those who may be members, in byte order. One listing. */
  async list(organisation: NamespaceName, page: ListPage): Promise<{ users: readonly NamespaceName[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, membersPrefix(organisation), page)
    return { users: names.filter(isNamespaceName), more }
  }

  /** Where the user may be a member, in byte order. One listing. */
  async listOrganisations(
    user: NamespaceName,
    page: ListPage,
  ): Promise<{ organisations: readonly NamespaceName[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, membershipsPrefix(user), page)
    return { organisations: names.filter(isNamespaceName), more }
  }
}
