import { requireGrants } from '../../accounts/api-access.ts'
import { MAX_TRUST_RULES } from '../../accounts/trust.ts'
import { coversPattern } from '../../auth/permission.ts'
import { serviceOf } from '../../auth/challenge.ts'
import { RegistryError } from '../../oci/errors.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import type { TrustRuleRecord } from '../../storage/trust-rules.ts'
import { conflict, endpoint, namespaceIn, type ApiCall, type ApiEndpoint } from './api-call.ts'
import { listing, parseApiPage } from './listing.ts'
import { requireNamespace } from './namespaces.ts'
import * as schemas from './schemas.ts'

/** Jobs elsewhere that get in with a token of their own issuer, and without a secret of ours. */
export const TRUST_RULE_ENDPOINTS: readonly ApiEndpoint[] = [
  endpoint({
    method: 'GET',
    path: '/namespaces/:namespace/trust-rules',
    access: 'namespace',
    summary: 'Lists which tokens of other issuers are taken, and for what',
    query: {},
    answer: [200, schemas.page(schemas.trustRule)],
    handle: listRules,
  }),
  endpoint({
    method: 'POST',
    path: '/namespaces/:namespace/trust-rules',
    access: 'namespace',
    summary: 'Lets jobs in whose token has certain claims',
    body: schemas.newTrustRule,
    answer: [201, schemas.trustRule],
    handle: addRule,
  }),
  endpoint({
    method: 'DELETE',
    path: '/namespaces/:namespace/trust-rules/:id',
    access: 'namespace',
    summary: 'Takes a trust rule away',
    answer: [204, null],
    handle: removeRule,
  }),
]

async function listRules(call: ApiCall): Promise<Response> {
  const { trustRules } = call.accounts
  const namespace = namespaceIn(call)
  const { id: namespaceId } = await requireNamespace(call)
  const page = parseApiPage(call)
  const { ids, more } = await trustRules.list(namespace, page)
  const found = await forEachOf(ids, async (id) => {
    const rule = await trustRules.get(namespace, id)
    return rule?.namespaceId === namespaceId ? [describe(id, rule)] : []
  })
  return listing(call, page, found.flat(), more ? ids.at(-1) : undefined)
}

type NewTrustRule = Pick<TrustRuleRecord, 'issuer' | 'claims' | 'repositories' | 'actions'> & {
  readonly audience?: string | undefined
}

async function addRule(call: ApiCall, { audience, ...rule }: NewTrustRule): Promise<Response> {
  const { accounts, now, by, url } = call
  const namespace = namespaceIn(call)
  const { id: namespaceId } = await requireNamespace(call)
  const { names: issuers } = accounts.oidcIssuers
  if (!issuers.includes(rule.issuer))
    throw conflict(`this registry takes tokens of ${issuers.join(', ') || 'no issuer'} alone`)
  requireIdentity(rule)
  const all = `${namespace}/*`
  const foreign = rule.repositories.find((pattern) => pattern !== namespace && !coversPattern(all, pattern))
  if (foreign !== undefined) throw conflict(`${foreign} is not below ${namespace}/`)
  requireGrants(
    call.principal,
    rule.repositories.map((repositories) => ({ repositories, actions: rule.actions })),
  )
  const { ids } = await accounts.trustRules.list(namespace, { limit: MAX_TRUST_RULES })
  if (ids.length >= MAX_TRUST_RULES) throw conflict(`there are ${MAX_TRUST_RULES} rules already, which is the most`)

  const id = crypto.randomUUID()
  const record = {
    ...rule,
    audience: audience ?? serviceOf(url),
    namespaceId,
    createdAt: now.toISOString(),
    createdBy: by,
  }
  const { issuer, claims, repositories, actions } = record
  await call.audit(namespace, 'trust-rule.add', id, {
    issuer,
    audience: record.audience,
    claims,
    repositories,
    actions,
  })
  await accounts.trustRules.put(namespace, id, record)
  return Response.json(describe(id, record), { status: 201 })
}

/** Issuers that sign for anybody, and the claims by which they tell their customers apart. */
const PUBLIC_ISSUERS: Readonly<Record<string, readonly string[]>> = {
  'https://token.actions.githubusercontent.com': [
    'sub',
    'repository',
    'repository_id',
    'repository_owner',
    'repository_owner_id',
  ],
  'https://gitlab.com': ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id'],
}

/**
 * A rule that fits what anybody can have signed lets anybody in.
 *
 * @throws {RegistryError} `CONFLICT`
 */
function requireIdentity({ issuer, claims }: NewTrustRule): void {
  const names = PUBLIC_ISSUERS[issuer] ?? Object.keys(claims)
  // Up to the first slash, where there is one, names whose it is: `acme*` would be anybody's `acme-too`.
  const isWhose = (name: string) => {
    const pattern = Object.hasOwn(claims, name) ? (claims[name] ?? '') : '*'
    return !(pattern.split('/')[0] ?? '').includes('*')
  }
  if (!names.some(isWhose))
    throw conflict(`anybody would fit: one claim of ${names.join(', ')} must say whose the job is`)
}

async function removeRule(call: ApiCall): Promise<Response> {
  const { trustRules } = call.accounts
  const namespace = namespaceIn(call)
  const id = call.params['id'] ?? ''
  const rule = /^[0-9a-f-]{36}$/.test(id) ? await trustRules.get(namespace, id) : null
  if (rule === null) throw new RegistryError('TRUST_RULE_UNKNOWN', { detail: { id: id.slice(0, 50) } })
  await call.audit(namespace, 'trust-rule.remove', id)
  await trustRules.delete(namespace, id)
  return new Response(null, { status: 204 })
}

function describe(id: string, rule: TrustRuleRecord) {
  const { issuer, audience, claims, repositories, actions, createdAt, createdBy } = rule
  return { id, issuer, audience, claims, repositories, actions, createdAt, createdBy }
}
