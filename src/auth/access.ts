import type { RepositoryName } from '../oci/repository.ts'

/**
 * What a route needs, declared beside it: an action on the repository that its URL names, the list of those
 * repositories that the caller may see, or only a token, whoever it is of.
 */
export type Access = 'login' | 'catalog' | 'pull' | 'push' | 'delete'

/** Who is asking. */
export interface Caller {
  /** As it is written into tag records, histories and the audit log. */
  readonly name: string
  /** The id of the token that they have logged in with; `null` for one without a record. */
  readonly tokenId: string | null
  /** What the caller may read beyond what this request needs; 'everything' when nobody has to be asked. */
  readonly reads: 'everything' | Reads
  /** Whether the request, whatever its own method needs, comes with the permission to push to that repository. */
  holdsPush(repository: RepositoryName): boolean
}

/** Answered from storage when it is asked for. */
export interface Reads {
  /** For the source of a mount, and for who else holds a blob. */
  mayPull(repository: RepositoryName): Promise<boolean>
  /**
   * The repositories that the caller may read, in byte order.
   *
   * @param last where the page before ended; '' for the first page
   */
  list(last: string, limit: number): Promise<{ readonly names: readonly RepositoryName[]; readonly more: boolean }>
}

export interface Authorizer {
  /**
   * @param repository that the URL names; `null` for a route that names none
   * @param background runs what the answer need not wait for
   * @throws {RegistryError} `UNAUTHORIZED` with a challenge, or `DENIED`
   */
  authorize(
    request: Request,
    access: Access,
    repository: RepositoryName | null,
    background: (work: Promise<unknown>) => void,
  ): Promise<Caller>
}

/** Lets everybody do everything: for a registry that only its owner's machine can reach. */
export const OPEN_AUTHORIZER: Authorizer = {
  authorize: () => Promise.resolve(EVERYBODY),
}

const EVERYBODY: Caller = {
  name: 'anonymous',
  tokenId: null,
  reads: 'everything',
  // A HEAD that found what other repositories hold would contradict the 404 that the spec wants after a DELETE.
  holdsPush: () => false,
}
