import { AccessTokens } from '../storage/access-tokens.ts'
import { accessTokenKey, membershipsPrefix, membersPrefix, tokensOfPrefix, trustRulesPrefix } from '../storage/keys.ts'
import { trustedByKey, TrustRules } from '../storage/trust-rules.ts'
import type { CheckContext } from './check-context.ts'
import { breach, leak, type Finding } from './finding.ts'
import type { ParsedKey } from './parse-key.ts'

type Of<K extends ParsedKey['kind']> = Extract<ParsedKey, { kind: K }>

/** A hint without its record is void; it stays behind where a change was broken off. */
export async function checkAccountHint(
  { isThere }: CheckContext,
  key: string,
  { of }: Of<'account-hint'>,
): Promise<readonly Finding[]> {
  return (await isThere(of)) ? [] : [leak('account-hint-without-record', key, `there is no ${of}`)]
}

/** Listings begin at the hints: a record without one is in force, and nobody sees it. */
export async function checkMember(
  context: CheckContext,
  { organisation, user }: Of<'member'>,
): Promise<readonly Finding[]> {
  return checkHinted(context, membersPrefix(organisation) + user, membershipsPrefix(user) + organisation)
}

export async function checkToken(context: CheckContext, { id }: Of<'token'>): Promise<readonly Finding[]> {
  const key = accessTokenKey(id)
  const record = await readable(key, () => new AccessTokens(context.objects).get(id))
  if (record === null) return []
  if ('severity' in record) return [record]
  return checkHinted(context, key, tokensOfPrefix(record.owner) + id)
}

export async function checkTrustRule(
  context: CheckContext,
  { namespace, id }: Of<'trust-rule'>,
): Promise<readonly Finding[]> {
  const key = trustRulesPrefix(namespace) + id
  const record = await readable(key, () => new TrustRules(context.objects).get(namespace, id))
  if (record === null) return []
  if ('severity' in record) return [record]
  return checkHinted(context, key, trustedByKey(record.issuer, namespace))
}

async function readable<T>(key: string, read: () => Promise<T>): Promise<T | Finding> {
  try {
    return await read()
  } catch {
    return breach('account-unreadable', key, 'it is no such record')
  }
}

async function checkHinted({ isThere, objects }: CheckContext, key: string, hint: string): Promise<readonly Finding[]> {
  if (await isThere(hint)) return []
  const repair = () => objects.put(hint, new Uint8Array(0))
  return [breach('account-without-hint', key, `there is no ${hint}`, repair)]
}
