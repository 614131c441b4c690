import type { RepositoryName } from '../oci/repository.ts'
import { readJson, writeJson } from './json-object.ts'
import { catalogKey } from './keys.ts'
import type { ObjectStore } from './object-store.ts'

/** The repositories that exist: those something was pushed to. */
export class Repositories {
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async exists(repository: RepositoryName): Promise<boolean> {
    return (await readJson(this.#objects, catalogKey(repository))) !== null
  }

  async create(repository: RepositoryName, at: Date): Promise<void> {
    await writeJson(this.#objects, catalogKey(repository), { created: at.toISOString() })
  }
}
