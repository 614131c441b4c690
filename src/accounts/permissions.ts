import { actionsOf, grantedActions, type Action, type Grant, type Role } from '../auth/permission.ts'
import { namespaceOf, type NamespaceName } from '../oci/namespace.ts'
import type { RepositoryName } from '../oci/repository.ts'
import type { MemberRecord, Members } from '../storage/members.ts'
import type { NamespaceRecord, Namespaces, Visibility } from '../storage/namespaces.ts'
import type { Repositories } from '../storage/repositories.ts'
import type { TrustRules } from '../storage/trust-rules.ts'
import { OPERATOR, type Principal } from './principal.ts'
import { workloadActions } from './trust.ts'

export interface AccountStores {
  readonly namespaces: Namespaces
  readonly members: Members
  readonly trustRules: TrustRules
  readonly repositories: Repositories
  /** Hashes of the operator's token, and of the refresh token that is derived from it; `null` where there is none. */
  readonly operator: { readonly hash: string; readonly refreshHash: string } | null
}

/** One read; none for the operator's own, which has no record: it is another one with another token. */
export async function getNamespace(
  { namespaces, operator }: Pick<AccountStores, 'namespaces' | 'operator'>,
  name: NamespaceName,
): Promise<NamespaceRecord | null> {
  if (name !== OPERATOR) return namespaces.get(name)
  if (operator === null) return null
  const id = `operator-${operator.hash.slice(0, 16)}`
  return { kind: 'user', id, administrator: true, createdAt: new Date(0).toISOString(), createdBy: OPERATOR }
}

/** What a new repository is to be; `null` where its namespace is not there: nobody creates one by pushing. */
export async function newRepositoryVisibility(
  stores: Pick<AccountStores, 'namespaces' | 'operator'>,
  repository: RepositoryName,
): Promise<Visibility | null> {
  const name = namespaceOf(repository)
  const namespace = await getNamespace(stores, name)
  return namespace === null ? null : stores.namespaces.getDefaultVisibility(name, namespace)
}

/**
 * What the principal may do with a repository, whether or not it exists: what their role gives and their token is for,
 * and to pull from a public one, which nobody needs a permission for. Reads storage, never a cache: at most three objects,
 * and a namespace's trust rules for a workload.
 */
export async function permittedActions(
  stores: AccountStores,
  principal: Principal,
  repository: RepositoryName,
): Promise<ReadonlySet<Action>> {
  const held = await heldActions(stores, principal, repository)
  if (held.has('pull') || !(await stores.repositories.isPublic(repository))) return held
  return new Set([...held, 'pull'])
}

async function heldActions(
  stores: AccountStores,
  principal: Principal,
  repository: RepositoryName,
): Promise<ReadonlySet<Action>> {
  const namespace = namespaceOf(repository)
  switch (principal.kind) {
    case 'anonymous':
      return NOTHING
    case 'operator':
      return administratorActions(stores, namespace)
    case 'robot':
      return namespace === principal.name ? limited(actionsOf('owner'), principal.token.grants, repository) : NOTHING
    case 'user': {
      const granted = grantedActions(principal.token.grants, repository)
      if (granted.size === 0) return NOTHING
      if (namespace === principal.name) return limited(actionsOf('owner'), principal.token.grants, repository)
      const actions = principal.administrator
        ? await administratorActions(stores, namespace)
        : rolesActions(await memberOf(stores, namespace, principal), repository)
      return limited(actions, principal.token.grants, repository)
    }
    case 'workload':
      return workloadActions(stores, principal.claims, repository)
  }
}

/** Everything, but a push into a namespace that is not there: nobody creates one that way. */
async function administratorActions(stores: AccountStores, namespace: NamespaceName): Promise<ReadonlySet<Action>> {
  const exists = (await getNamespace(stores, namespace)) !== null
  return new Set(actionsOf('owner').filter((action) => exists || action !== 'push'))
}

/** The user's membership, if both are still who they were; else `null`. Two reads. */
export async function memberOf(
  { namespaces, members }: Pick<AccountStores, 'namespaces' | 'members'>,
  organisation: NamespaceName,
  user: { readonly name: NamespaceName; readonly id: string },
): Promise<MemberRecord | null> {
  const [namespace, member] = await Promise.all([namespaces.get(organisation), members.get(organisation, user.name)])
  const counts = member !== null && member.organisationId === namespace?.id && member.userId === user.id
  return counts ? member : null
}

function rolesActions(member: MemberRecord | null, repository: RepositoryName): ReadonlySet<Action> {
  return new Set(rolesIn(member, repository).flatMap((role) => actionsOf(role)))
}

/** The member's role in all of the organisation, and the one in this repository. */
function rolesIn(member: MemberRecord | null, repository: RepositoryName): readonly Role[] {
  const single =
    member !== null && Object.hasOwn(member.repositories, repository) ? member.repositories[repository] : undefined
  return [member?.role ?? [], single ?? []].flat()
}

function limited(actions: Iterable<Action>, grants: readonly Grant[], repository: RepositoryName): ReadonlySet<Action> {
  const granted = grantedActions(grants, repository)
  return new Set([...actions].filter((action) => granted.has(action)))
}

const NOTHING: ReadonlySet<Action> = new Set()
