import * as z from 'zod'

import { isNamespaceName, type NamespaceName } from '../oci/namespace.ts'
import { readJson, writeJson } from './json-object.ts'
import { accessTokenKey, tokensOfPrefix, tokenUseKey } from './keys.ts'
import { listNames } from './list-names.ts'
import type { ListPage, ObjectStore } from './object-store.ts'

const accessTokenRecord = z.object({
  /** The user, or the organisation whose robot it is, as it was when the token was made. */
  owner: z.string().refine(isNamespaceName),
  ownerId: z.string(),
  /** For people. */
  name: z.string(),
  /** sha256 of the token and of the refresh token that is derived from it, in lowercase hex. */
  hash: z.string(),
  refreshHash: z.string(),
  /** What it is for at most. */
  scopes: z
    .array(
      z.object({ repositories: z.string(), actions: z.array(z.enum(['pull', 'push', 'delete', 'admin'])).readonly() }),
    )
    .readonly(),
  /** RFC 3339; `null` for never. */
  expiresAt: z.string().nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
})
export type AccessTokenRecord = Readonly<z.infer<typeof accessTokenRecord>>

/** The tokens that people and robots log in with, as hashes. An absent one is `null`. */
export class AccessTokens {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async get(id: string): Promise<AccessTokenRecord | null> {
    return readJson(this.#objects, accessTokenKey(id), (value) => accessTokenRecord.parse(value))
  }

  /** The hint first: a crash before the record leaves one that nothing answers to. */
  async put(id: string, record: AccessTokenRecord): Promise<void> {
    await this.#objects.put(tokensOfPrefix(record.owner) + id, new Uint8Array(0))
    await writeJson(this.#objects, accessTokenKey(id), record)
  }

  async delete(owner: NamespaceName, id: string): Promise<void> {
    await this.#objects.delete(accessTokenKey(id))
    await this.#objects.delete(tokensOfPrefix(owner) + id)
    await this.#objects.delete(tokenUseKey(id))
  }

  /** Ids of what may be tokens of this owner, in byte order. One listing. */
  async list(owner: NamespaceName, page: ListPage): Promise<{ ids: readonly string[]; more: boolean }> {
    const { names, more } = await listNames(this.#objects, tokensOfPrefix(owner), page)
    return { ids: names, more }
  }

  /** When the token was last seen, to the hour; `null` for never. One HEAD. */
  async lastUse(id: string): Promise<Date | null> {
    return (await this.#objects.head(tokenUseKey(id)))?.lastModified ?? null
  }

  /** An object of its own, so that noting a use can never bring back a token that is being revoked. */
  async noteUse(id: string): Promise<void> {
    await this.#objects.put(tokenUseKey(id), new Uint8Array(0))
  }
}
