import type { Scope } from '../auth/scope.ts'
import { isRepositoryName } from '../oci/repository.ts'
import { forEachOf } from '../storage/concurrency.ts'
import { permittedActions, type AccountStores } from './permissions.ts'
import type { Principal } from './principal.ts'

export interface ScopeDecision {
  /** What was asked for and may be done; a resource of which nothing may be done is not among it. */
  readonly granted: readonly Scope[]
  readonly refused: readonly Scope[]
}

/** Splits what is asked for into what the principal may do, now, and the rest: asking for too much is no error. */
export async function decideScopes(
  stores: AccountStores,
  principal: Principal,
  asked: readonly Scope[],
): Promise<ScopeDecision> {
  const decisions = await forEachOf(asked, async (scope) => {
    const permitted = await actionsOn(stores, principal, scope)
    const wanted = scope.actions
    return {
      granted: { ...scope, actions: wanted.filter((action) => permitted.has(action)) },
      refused: { ...scope, actions: wanted.filter((action) => !permitted.has(action)) },
    }
  })
  const some = ({ actions }: Scope) => actions.length > 0
  return {
    granted: decisions.map(({ granted }) => granted).filter(some),
    refused: decisions.map(({ refused }) => refused).filter(some),
  }
}

async function actionsOn(
  stores: AccountStores,
  principal: Principal,
  { type, name }: Scope,
): Promise<ReadonlySet<string>> {
  // Whoever lists the repositories sees those that they may pull from.
  if (type === 'registry') return new Set(name === 'catalog' ? ['*'] : [])
  if (type !== 'repository' || !isRepositoryName(name)) return new Set()
  return permittedActions(stores, principal, name)
}
