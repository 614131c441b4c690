import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { writeJson } from './json-object.ts'
import { CATALOG_PREFIX, catalogKey, catalogName } from './keys.ts'
import type { ObjectStore } from './object-store.ts'

/** The repositories that exist: those something was pushed to. */
export class Repositories {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async exists(repository: RepositoryName): Promise<boolean> {
    return (await this.#objects.head(catalogKey(repository))) !== null
  }

  /** Names in byte order. One listing. */
  async list(last: string, limit: number): Promise<{ names: readonly RepositoryName[]; more: boolean }> {
    const after = last === '' ? '' : catalogKey(last).slice(CATALOG_PREFIX.length)
    const { objects, more } = await this.#objects.list(CATALOG_PREFIX, { after, limit })
    return { names: objects.map(({ key }) => catalogName(key)).filter(isRepositoryName), more }
  }

  async create(repository: RepositoryName, at: Date): Promise<void> {
    await writeJson(this.#objects, catalogKey(repository), { created: at.toISOString() })
  }
}
