import { fitsPattern, type Grant } from '../auth/permission.ts'
import type { NamespaceName } from '../oci/namespace.ts'
import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { forEachOf } from '../storage/concurrency.ts'
import type { RepositoriesPage } from '../storage/repositories.ts'
import { memberOf, type AccountStores } from './permissions.ts'
import type { Principal } from './principal.ts'

/** Organisations of one user that a listing looks into; each costs a listing. */
export const MAX_ORGANISATIONS = 100

/** Single names that one page looks up; each costs a read. */
const MAX_SINGLE_NAMES = 200

/** Repositories whose names begin so, or have that name, and may be pulled from. */
type Range = { readonly beginning: string } | { readonly name: RepositoryName }

/**
 * The repositories that the principal may pull from, in byte order: the public ones, and those that a role gives. One
 * listing for everything, or one for the public ones and one for each namespace; never one of others' repositories.
 */
export async function listVisible(
  stores: AccountStores,
  principal: Principal,
  last: string,
  limit: number,
): Promise<RepositoriesPage> {
  const ranges = await visibleRanges(stores, principal)
  if (ranges === 'all') return stores.repositories.list('', last, limit)
  const names = ranges.flatMap((range) => ('name' in range && range.name > last ? [range] : []))
  const first = names.sort((one, other) => byName(one.name, other.name)).slice(0, MAX_SINGLE_NAMES)
  const cut = names.length > MAX_SINGLE_NAMES ? (first.at(-1)?.name ?? null) : null
  const looked = [...ranges.filter((range) => 'beginning' in range), ...first]
  const pages = await forEachOf(['public' as const, ...looked], async (range): Promise<RepositoriesPage> => {
    if (range === 'public') return stores.repositories.listPublic(last, limit)
    if ('beginning' in range) return stores.repositories.list(range.beginning, last, limit)
    const found = await stores.repositories.exists(range.name)
    return { names: found ? [range.name] : [], more: false }
  })
  return mergePages(pages, limit, cut)
}

/**
 * Names that no page has cut off: what comes after the end of a page that goes on may have a gap.
 *
 * @param cut the last single name that was looked up, if there are more
 */
function mergePages(pages: readonly RepositoriesPage[], limit: number, cut: string | null): RepositoriesPage {
  const ends = pages.flatMap(({ names, more }) => (more ? [names.at(-1) ?? ''] : []))
  if (cut !== null) ends.push(cut)
  const sure = (name: string) => ends.every((end) => !isAfter(name, end))
  const names = [...new Set(pages.flatMap((page) => page.names))].filter(sure).sort(byName)
  return { names: names.slice(0, limit), more: ends.length > 0 || names.length > limit }
}

function byName(one: string, other: string): number {
  return isAfter(one, other) ? 1 : isAfter(other, one) ? -1 : 0
}

/** In the order of the catalog's keys, where `!` ends a name. */
function isAfter(one: string, other: string): boolean {
  return `${one}!` > `${other}!`
}

async function visibleRanges(stores: AccountStores, principal: Principal): Promise<'all' | readonly Range[]> {
  switch (principal.kind) {
    case 'anonymous':
    case 'workload':
      return []
    case 'operator':
      return 'all'
    case 'robot':
      return within(principal.token.grants, principal.name)
    case 'user': {
      const { administrator, token, name } = principal
      if (administrator) {
        const patterns = pullPatterns(token.grants)
        return patterns.includes('*') ? 'all' : patterns.flatMap(rangeOf)
      }
      const own = within(token.grants, name)
      return [...own, ...(await memberRanges(stores, principal, token.grants))]
    }
  }
}

async function memberRanges(
  stores: AccountStores,
  user: { readonly name: NamespaceName; readonly id: string },
  grants: readonly Grant[],
): Promise<readonly Range[]> {
  const { organisations } = await stores.members.listOrganisations(user.name, { limit: MAX_ORGANISATIONS })
  const ranges = await forEachOf(organisations, async (organisation) => {
    const member = await memberOf(stores, organisation, user)
    if (member === null) return []
    if (member.role !== null) return within(grants, organisation)
    const single = Object.keys(member.repositories).filter(isRepositoryName)
    const granted = single.filter((name) => pullPatterns(grants).some((pattern) => fitsPattern(pattern, name)))
    return granted.map((name) => ({ name }))
  })
  return ranges.flat()
}

/** The part of a namespace that the token is for. A repository may be called as its namespace, with nothing after it. */
function within(grants: readonly Grant[], namespace: NamespaceName): readonly Range[] {
  const patterns = pullPatterns(grants)
  const all = `${namespace}/`
  if (patterns.some((pattern) => fitsPattern(pattern, all)))
    return [
      { beginning: all },
      ...patterns.flatMap((pattern) => (fitsPattern(pattern, namespace) ? nameOf(namespace) : [])),
    ]
  return patterns.flatMap((pattern) => {
    if (fitsPattern(pattern, namespace)) return nameOf(namespace)
    return pattern.startsWith(all) ? rangeOf(pattern) : []
  })
}

function pullPatterns(grants: readonly Grant[]): readonly string[] {
  return grants.flatMap(({ repositories, actions }) => (actions.includes('pull') ? [repositories] : []))
}

function rangeOf(pattern: string): readonly Range[] {
  return pattern.endsWith('*') ? [{ beginning: pattern.slice(0, -1) }] : nameOf(pattern)
}

function nameOf(text: string): readonly Range[] {
  return isRepositoryName(text) ? [{ name: text }] : []
}
