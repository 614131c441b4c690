import type { NamespaceName } from '../oci/namespace.ts'
import { forEachOf } from '../storage/concurrency.ts'
import type { Accounts } from './accounts.ts'

/** More than that of one kind stays behind, where it is void. */
const MAX_REMOVED = 1000

/**
 * Takes a user or an organisation away. From the first step on all that belongs to it is void, tokens, members and rules,
 * also for a later one of the same name; so it does not matter how far the clearing up after that gets.
 */
export async function removeNamespace(
  accounts: Accounts,
  name: NamespaceName,
  background: (work: Promise<unknown>) => void,
): Promise<void> {
  await accounts.namespaces.delete(name)
  const work = clearUp(accounts, name).catch(() => undefined)
  background(work)
  await work
}

async function clearUp({ accessTokens, members, trustRules }: Accounts, name: NamespaceName): Promise<void> {
  const page = { limit: MAX_REMOVED }
  const { ids: tokens } = await accessTokens.list(name, page)
  await forEachOf(tokens, (id) => accessTokens.delete(name, id))
  const { users } = await members.list(name, page)
  await forEachOf(users, (user) => members.delete(name, user))
  const { organisations } = await members.listOrganisations(name, page)
  await forEachOf(organisations, (organisation) => members.delete(organisation, name))
  const { ids: rules } = await trustRules.list(name, page)
  await forEachOf(rules, (id) => trustRules.delete(name, id))
}
