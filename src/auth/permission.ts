import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'

/** What may be done with a repository; `admin` changes who may do what. */
export const ACTIONS = ['pull', 'push', 'delete', 'admin'] as const
export type Action = (typeof ACTIONS)[number]

export const ROLES = ['owner', 'writer', 'reader'] as const
export type Role = (typeof ROLES)[number]

const ACTIONS_OF: Readonly<Record<Role, readonly Action[]>> = {
  owner: ACTIONS,
  writer: ['pull', 'push'],
  reader: ['pull'],
}

export function actionsOf(role: Role): readonly Action[] {
  return ACTIONS_OF[role]
}

/** What a token may be used for at most: its owner's own permissions are the other limit. */
export interface Grant {
  /** A repository, a beginning of names with `*` after it, or `*` for all. */
  readonly repositories: string
  readonly actions: readonly Action[]
}

/** Everything that the token's owner may do. */
export const FULL_GRANTS: readonly Grant[] = [{ repositories: '*', actions: ACTIONS }]

/** Whether it is a repository's name, a beginning of one with `*` after it, or `*`. */
export function isRepositoryPattern(text: string): boolean {
  if (!text.endsWith('*')) return isRepositoryName(text)
  const beginning = text.slice(0, -1)
  // A beginning may end anywhere in a name, so a letter after it must make one.
  return isRepositoryName(`${beginning}a`)
}

export function fitsPattern(pattern: string, repository: string): boolean {
  return pattern.endsWith('*') ? repository.startsWith(pattern.slice(0, -1)) : repository === pattern
}

export function grantedActions(grants: readonly Grant[], repository: RepositoryName): ReadonlySet<Action> {
  return new Set(grants.flatMap((grant) => (fitsPattern(grant.repositories, repository) ? grant.actions : [])))
}

/** Whether the grants hold for all of a namespace: what changes the namespace itself needs that. */
export function grantsNamespace(grants: readonly Grant[], namespace: string, action: Action): boolean {
  return grants.some((grant) => coversPattern(grant.repositories, `${namespace}/*`) && grant.actions.includes(action))
}

/** Whether whoever holds `held` may hand out `wanted`: nothing in it goes beyond what they hold. */
export function coversGrants(held: readonly Grant[], wanted: readonly Grant[]): boolean {
  return wanted.every((grant) =>
    grant.actions.every((action) =>
      held.some((own) => coversPattern(own.repositories, grant.repositories) && own.actions.includes(action)),
    ),
  )
}

export function coversPattern(pattern: string, other: string): boolean {
  if (!pattern.endsWith('*')) return pattern === other
  return (other.endsWith('*') ? other.slice(0, -1) : other).startsWith(pattern.slice(0, -1))
}
