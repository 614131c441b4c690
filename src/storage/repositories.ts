import * as z from 'zod'

import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { readJson, writeJson } from './json-object.ts'
import { CATALOG_PREFIX, catalogKey, catalogName, PUBLIC_PREFIX, publicKey, publicName } from './keys.ts'
import type { ObjectStore } from './object-store.ts'

const repositoryRecord = z.object({
  /** RFC 3339. */
  created: z.string(),
  description: z.string().optional(),
})
export type RepositoryRecord = Readonly<z.infer<typeof repositoryRecord>>

export interface RepositoriesPage {
  /** In byte order. */
  readonly names: readonly RepositoryName[]
  readonly more: boolean
}

/**
 * The repositories that exist: those something was pushed to; and which of them anyone may pull from. That is an object
 * of its own, not a part of the record, so that one listing answers what strangers may see.
 */
export class Repositories {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async exists(repository: RepositoryName): Promise<boolean> {
    return (await this.#objects.head(catalogKey(repository))) !== null
  }

  async get(repository: RepositoryName): Promise<RepositoryRecord | null> {
    return readJson(this.#objects, catalogKey(repository), (value) => repositoryRecord.parse(value))
  }

  async put(repository: RepositoryName, record: RepositoryRecord): Promise<void> {
    await writeJson(this.#objects, catalogKey(repository), record)
  }

  async delete(repository: RepositoryName): Promise<void> {
    await this.#objects.delete(catalogKey(repository))
  }

  async create(repository: RepositoryName, at: Date): Promise<void> {
    await this.put(repository, { created: at.toISOString() })
  }

  /** Also of one that does not exist: whoever creates a repository says anew what it is. One HEAD. */
  async isPublic(repository: RepositoryName): Promise<boolean> {
    return (await this.#objects.head(publicKey(repository))) !== null
  }

  async makePublic(repository: RepositoryName): Promise<void> {
    await this.#objects.put(publicKey(repository), new Uint8Array(0))
  }

  async makePrivate(repository: RepositoryName): Promise<void> {
    await this.#objects.delete(publicKey(repository))
  }

  /**
   * Those whose names begin so. One listing.
   *
   * @param beginning of names; '' for all
   * @param last where the page before ended; '' for the first page
   */
  async list(beginning: string, last: string, limit: number): Promise<RepositoriesPage> {
    return this.#page(CATALOG_PREFIX, catalogName, beginning, last === '' ? '' : keyEnd(catalogKey(last)), limit)
  }

  /** Those that anyone may pull from. One listing. */
  async listPublic(last: string, limit: number): Promise<RepositoriesPage> {
    return this.#page(PUBLIC_PREFIX, publicName, '', last === '' ? '' : keyEnd(catalogKey(last)), limit)
  }

  async #page(
    prefix: string,
    nameOf: (key: string) => string,
    beginning: string,
    after: string,
    limit: number,
  ): Promise<RepositoriesPage> {
    const page = await this.#objects.list(prefix, { after: after > beginning ? after : beginning, limit })
    const names = page.objects.map(({ key }) => nameOf(key))
    const found = names.filter((name) => name.startsWith(beginning))
    return { names: found.filter(isRepositoryName), more: page.more && found.length === names.length }
  }
}

/** What follows the prefix: of the catalog and of the public repositories the same. */
function keyEnd(key: string): string {
  return key.slice(CATALOG_PREFIX.length)
}
