import { createToken, hashOf, refreshTokenOf } from '../../auth/access-token.ts'
import { requireGrants } from '../../accounts/api-access.ts'
import type { Principal } from '../../accounts/principal.ts'
import type { Grant } from '../../auth/permission.ts'
import { RegistryError } from '../../oci/errors.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import type { AccessTokenRecord } from '../../storage/access-tokens.ts'
import { conflict, endpoint, namespaceIn, type ApiCall, type ApiEndpoint } from './api-call.ts'
import { listing, parseApiPage } from './listing.ts'
import { requireNamespace } from './namespaces.ts'
import * as schemas from './schemas.ts'

/** What people, and robots of organisations, log in with. */
export const TOKEN_ENDPOINTS: readonly ApiEndpoint[] = [
  endpoint({
    method: 'GET',
    path: '/namespaces/:namespace/tokens',
    access: 'namespace',
    summary: 'Lists the tokens of a user, or of the robots of an organisation',
    query: {},
    answer: [200, schemas.page(schemas.token)],
    handle: listTokens,
  }),
  endpoint({
    method: 'POST',
    path: '/namespaces/:namespace/tokens',
    access: 'namespace',
    summary: 'Makes a token, which is for no more than the one that asks for it, and is shown this once',
    body: schemas.newToken,
    answer: [201, schemas.createdToken],
    handle: addToken,
  }),
  endpoint({
    method: 'DELETE',
    path: '/namespaces/:namespace/tokens/:id',
    access: 'namespace',
    summary: 'Revokes a token; what was made from it ends within two minutes',
    answer: [204, null],
    handle: revokeToken,
  }),
]

async function listTokens(call: ApiCall): Promise<Response> {
  const { accessTokens } = call.accounts
  const owner = namespaceIn(call)
  const { id: ownerId } = await requireNamespace(call)
  const page = parseApiPage(call)
  const { ids, more } = await accessTokens.list(owner, page)
  const found = await forEachOf(ids, async (id) => {
    const record = await accessTokens.get(id)
    if (record?.ownerId !== ownerId) return []
    return [describe(id, record, await accessTokens.lastUse(id))]
  })
  return listing(call, page, found.flat(), more ? ids.at(-1) : undefined)
}

async function addToken(
  call: ApiCall,
  { name, scopes, expiresAt = null }: { name: string; scopes: Grant[]; expiresAt?: string | null | undefined },
): Promise<Response> {
  const { accounts, now, by } = call
  const owner = namespaceIn(call)
  const { id: ownerId, kind } = await requireNamespace(call)
  requireGrants(call.principal, scopes)
  requireNoLater(call.principal, expiresAt)
  if (expiresAt !== null && Date.parse(expiresAt) <= now.getTime()) throw conflict('it would have expired already')

  const token = createToken(kind === 'user' ? 'personal' : 'robot')
  const record = {
    owner,
    ownerId,
    name,
    hash: hashOf(token.text),
    refreshHash: hashOf(refreshTokenOf(token).text),
    scopes,
    expiresAt,
    createdAt: now.toISOString(),
    createdBy: by,
  }
  await call.audit(owner, 'token.create', token.id, { name, scopes, expiresAt })
  await accounts.accessTokens.put(token.id, record)
  return Response.json({ ...describe(token.id, record, null), token: token.text }, { status: 201 })
}

/**
 * Lets no token make one that outlives it.
 *
 * @throws {RegistryError} `DENIED`
 */
function requireNoLater(principal: Principal, expiresAt: string | null): void {
  const own = principal.kind === 'user' || principal.kind === 'robot' ? principal.token.expiresAt : null
  if (own !== null && (expiresAt === null || Date.parse(expiresAt) > Date.parse(own)))
    throw new RegistryError('DENIED', { detail: `the token that asks ends at ${own}` })
}

async function revokeToken(call: ApiCall): Promise<Response> {
  const { accessTokens } = call.accounts
  const owner = namespaceIn(call)
  const id = call.params['id'] ?? ''
  const record = /^[0-9A-Za-z]{16}$/.test(id) ? await accessTokens.get(id) : null
  if (record?.owner !== owner) throw new RegistryError('TOKEN_UNKNOWN', { detail: { id: id.slice(0, 50) } })
  await call.audit(owner, 'token.revoke', id, { name: record.name })
  await accessTokens.delete(owner, id)
  return new Response(null, { status: 204 })
}

function describe(id: string, record: AccessTokenRecord, lastUse: Date | null) {
  const { name, scopes, expiresAt, createdAt, createdBy } = record
  return { id, name, scopes, expiresAt, createdAt, createdBy, lastUsedAt: lastUse?.toISOString() ?? null }
}
