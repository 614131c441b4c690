import type { RepositoryName } from '../oci/repository.ts'

/**
 * What a route needs, declared beside it in app.ts: an action on the repository that its URL names, the list of all
 * repositories, or nothing.
 */
export type Access = 'none' | 'catalog' | 'pull' | 'push' | 'delete'

/** Who is asking. */
export interface Caller {
  /** As it is written into tag records and histories. */
  readonly name: string
  /** Whether the caller may read that repository: asked for the source of a mount. */
  mayPull(repository: RepositoryName): Promise<boolean>
}

export interface Authorizer {
  /**
   * @param repository that the URL names; `null` for a route that names none
   * @throws {RegistryError} `UNAUTHORIZED` with a challenge, or `DENIED`
   */
  authorize(request: Request, access: Access, repository: RepositoryName | null): Promise<Caller>
}

/** Lets everybody do everything: for a registry that only its owner's machine can reach. */
export const OPEN_AUTHORIZER: Authorizer = {
  authorize: () => Promise.resolve({ name: 'anonymous', mayPull: () => Promise.resolve(true) }),
}
