import type { Grant } from '../auth/permission.ts'
import type { WorkloadClaims } from '../auth/short-token.ts'
import type { NamespaceName } from '../oci/namespace.ts'

/** Who is asking, as far as a login tells. */
export type Principal =
  | { readonly kind: 'anonymous' }
  /** The administrator whose token is a setting of the registry. There may be no record of that name. */
  | { readonly kind: 'operator' }
  | {
      readonly kind: 'user'
      readonly name: NamespaceName
      readonly id: string
      readonly administrator: boolean
      readonly token: LoginToken
    }
  /** Acts for an organisation. */
  | {
      readonly kind: 'robot'
      readonly name: NamespaceName
      readonly id: string
      readonly token: LoginToken
    }
  /** A job somewhere else, known by what another issuer says of it. */
  | { readonly kind: 'workload'; readonly claims: WorkloadClaims }

/** The token that somebody has logged in with. */
export interface LoginToken {
  readonly id: string
  readonly name: string
  readonly grants: readonly Grant[]
  /** RFC 3339; `null` for never. */
  readonly expiresAt: string | null
}

/** The name that the operator's administrator logs in with, and the namespace that is theirs without a record. */
export const OPERATOR = 'admin' as NamespaceName

/** The name to log in with by a token of another issuer. */
export const WORKLOAD = 'oidc'

/** No user or organisation can be called so. */
export const RESERVED_NAMES: readonly string[] = [OPERATOR, WORKLOAD, 'api', 'token', 'v2']

/** Of the token that they have logged in with; `null` for one without a record. */
export function tokenIdOf(who: { readonly kind: string; readonly token?: { readonly id: string } }): string | null {
  return who.token?.id ?? null
}

/** As tag records, histories and the audit log name them; '' for nobody. */
export function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return ''
    case 'operator':
      return OPERATOR
    case 'user':
      return principal.name
    case 'robot':
      return `${principal.name}+${principal.token.name}`
    case 'workload':
      return `${WORKLOAD}+${principal.claims.sub}`
  }
}
