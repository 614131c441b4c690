import type { Access } from '../../../src/auth/access.ts'
import type { ApiAccess } from '../../../src/accounts/api-access.ts'
import type { Action } from '../../../src/auth/permission.ts'

/** What there is at the path of a request. All but the last lie in the organisation acme. */
export const STATES = ['public', 'private', 'missing', 'nowhere'] as const
export type State = (typeof STATES)[number]

/** `missing` is as long as `private`; nobody has the namespace of `nowhere`. */
export const REPOSITORIES: Readonly<Record<State, string>> = {
  public: 'acme/public',
  private: 'acme/private',
  missing: 'acme/missing',
  nowhere: 'nowhere/app',
}

/**
 * Who may do what with a repository. Everything that the table expects follows from this: an allowed request is answered
 * as it would be by a registry without accounts, and each other one in the same words, whatever is there.
 */
const MATRIX = `
  principal            public                  private                 missing                 nowhere
  stranger             pull                    -                       -                       -
  other user           pull                    -                       -                       -
  reader               pull                    pull                    pull                    -
  writer               pull,push               pull,push               pull,push               -
  owner                pull,push,delete,admin  pull,push,delete,admin  pull,push,delete,admin  -
  writer of one        pull                    pull,push               -                       -
  owner, narrow token  pull,push               pull                    pull                    -
  administrator        pull,push,delete,admin  pull,push,delete,admin  pull,push,delete,admin  pull,delete,admin
  operator             pull,push,delete,admin  pull,push,delete,admin  pull,push,delete,admin  pull,delete,admin
  robot                pull,push,delete        pull,push,delete        pull,push,delete        -
  robot, narrow token  pull,push               -                       -                       -
  trusted job          pull,push               pull,push               pull,push               -
  untrusted job        no login                no login                no login                no login
  expired token        no login                no login                no login                no login
  revoked token        no login                no login                no login                no login
`

export const PRINCIPALS = [
  'stranger',
  'other user',
  'reader',
  'writer',
  'owner',
  'writer of one',
  'owner, narrow token',
  'administrator',
  'operator',
  'robot',
  'robot, narrow token',
  'trusted job',
  'untrusted job',
  'expired token',
  'revoked token',
] as const
export type PrincipalName = (typeof PRINCIPALS)[number]

/** Who may administer the organisation, and who the registry. */
const NAMESPACE: readonly PrincipalName[] = ['owner', 'administrator', 'operator']
const REGISTRY: readonly PrincipalName[] = ['administrator', 'operator']

const ROWS = new Map(
  MATRIX.trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [principal = '', ...cells] = line.trim().split(/ {2,}/)
      return [principal, cells] as const
    }),
)

/** What this principal may do there; `null` when they cannot log in. */
export function permitted(principal: PrincipalName, state: State): readonly Action[] | null {
  const cell = ROWS.get(principal)?.[STATES.indexOf(state)]
  if (cell === undefined) throw new Error(`The matrix has no row for "${principal}"`)
  if (cell === 'no login') return null
  return cell === '-' ? [] : (cell.split(',') as Action[])
}

/** Whether this principal gets at what the endpoint does, or how they are refused. */
export function decide(
  principal: PrincipalName,
  access: Access | ApiAccess,
  state: State,
): 'allowed' | '401 UNAUTHORIZED' | '403 DENIED' {
  const actions = permitted(principal, state)
  if (actions === null) return '401 UNAUTHORIZED'
  if (isAllowed(principal, access, state, actions)) return 'allowed'
  return principal === 'stranger' ? '401 UNAUTHORIZED' : '403 DENIED'
}

function isAllowed(
  principal: PrincipalName,
  access: Access | ApiAccess,
  state: State,
  actions: readonly Action[],
): boolean {
  switch (access) {
    case 'anyone':
    case 'catalog':
      return true
    case 'login':
      return principal !== 'stranger'
    case 'administrator':
      return REGISTRY.includes(principal)
    case 'namespace':
      return (state === 'nowhere' ? REGISTRY : NAMESPACE).includes(principal)
    case 'pull':
    case 'push':
    case 'delete':
    case 'admin':
      return actions.includes(access)
  }
}
