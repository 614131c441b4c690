import { fitsPattern, type Action } from '../auth/permission.ts'
import type { WorkloadClaims } from '../auth/short-token.ts'
import { logRefusal } from '../log.ts'
import { namespaceOf, type NamespaceName } from '../oci/namespace.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { forEachOf } from '../storage/concurrency.ts'
import type { Namespaces } from '../storage/namespaces.ts'
import type { TrustRuleRecord, TrustRules } from '../storage/trust-rules.ts'

/** Each costs one read when a job asks for a token. */
export const MAX_TRUST_RULES = 50

/** Namespaces that are looked into when a job logs in without saying what it wants. */
const MAX_TRUSTING_NAMESPACES = 10

interface Stores {
  readonly namespaces: Namespaces
  readonly trustRules: TrustRules
}

/** What the rules of the repository's namespace let a job with these claims do. */
export async function workloadActions(
  stores: Stores,
  claims: WorkloadClaims,
  repository: RepositoryName,
): Promise<ReadonlySet<Action>> {
  const rules = await rulesFor(stores, namespaceOf(repository), claims)
  const fitting = rules.filter((rule) => rule.repositories.some((pattern) => fitsPattern(pattern, repository)))
  if (fitting.length === 0) logRefusal(`no trust rule lets ${claims.sub} of ${claims.iss} at ${repository}`)
  return new Set(fitting.flatMap((rule) => rule.actions))
}

/**
 * Whether some rule fits a job with these claims, one of those that were read for what it asks for, or another. Where more
 * rules would have to be read than that is worth, the job is let in, and gets nothing by it but what is public.
 */
export async function isTrustedSomewhere(stores: Stores, claims: WorkloadClaims): Promise<boolean> {
  for (const rules of readFor.get(claims)?.values() ?? [])
    if ((await rules).some((rule) => fitsRule(claims, rule))) return true
  const { namespaces, more } = await stores.trustRules.listTrusting(claims.iss, { limit: MAX_TRUSTING_NAMESPACES })
  let read = 0
  for (const namespace of namespaces) {
    const rules = await rulesOf(stores, namespace, claims)
    if (rules.some((rule) => fitsRule(claims, rule))) return true
    read += rules.length
    if (read > MAX_TRUST_RULES) return true
  }
  return more
}

/** The namespace's rules that fit these claims. */
async function rulesFor(
  stores: Stores,
  namespace: NamespaceName,
  claims: WorkloadClaims,
): Promise<readonly TrustRuleRecord[]> {
  return (await rulesOf(stores, namespace, claims)).filter((rule) => fitsRule(claims, rule))
}

/** Rules that one request has read already: its claims are its own. */
const readFor = new WeakMap<WorkloadClaims, Map<NamespaceName, Promise<readonly TrustRuleRecord[]>>>()

function rulesOf(
  stores: Stores,
  namespace: NamespaceName,
  claims: WorkloadClaims,
): Promise<readonly TrustRuleRecord[]> {
  const known = readFor.get(claims) ?? new Map<NamespaceName, Promise<readonly TrustRuleRecord[]>>()
  readFor.set(claims, known)
  const rules = known.get(namespace) ?? readRules(stores, namespace)
  known.set(namespace, rules)
  return rules
}

async function readRules(
  { namespaces, trustRules }: Stores,
  namespace: NamespaceName,
): Promise<readonly TrustRuleRecord[]> {
  const [owner, { ids }] = await Promise.all([
    namespaces.get(namespace),
    trustRules.list(namespace, { limit: MAX_TRUST_RULES }),
  ])
  const rules = await forEachOf(ids, async (id) => (await trustRules.get(namespace, id)) ?? [])
  return rules.flat().filter((rule) => rule.namespaceId === owner?.id)
}

/** Whether the claims, which are known to be true, are those that the rule asks for. */
export function fitsRule(claims: WorkloadClaims, rule: TrustRuleRecord): boolean {
  const audiences = [claims['aud']].flat()
  return (
    claims.iss === rule.issuer &&
    audiences.includes(rule.audience) &&
    Object.entries(rule.claims).every(([name, pattern]) => fitsText(pattern, claimText(claims, name)))
  )
}

function claimText(claims: WorkloadClaims, name: string): string | null {
  const value = Object.hasOwn(claims, name) ? claims[name] : null
  return typeof value === 'string' ? value : null
}

/** `*` stands for any number of characters. Walks the text once for each `*`: no pattern takes long. */
export function fitsText(pattern: string, text: string | null): boolean {
  if (text === null) return false
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return text === pattern
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
