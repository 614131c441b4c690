import { requireGrants } from '../../accounts/api-access.ts'
import { actionsOf, type Role } from '../../auth/permission.ts'
import { RegistryError } from '../../oci/errors.ts'
import { namespaceOf, parseNamespaceName, type NamespaceName } from '../../oci/namespace.ts'
import type { RepositoryName } from '../../oci/repository.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import type { MemberRecord } from '../../storage/members.ts'
import type { NamespaceRecord } from '../../storage/namespaces.ts'
import { conflict, endpoint, namespaceIn, type ApiCall, type ApiEndpoint } from './api-call.ts'
import { listing, parseApiPage } from './listing.ts'
import { requireNamespace } from './namespaces.ts'
import * as schemas from './schemas.ts'

/** Who belongs to an organisation, and as what. */
export const MEMBER_ENDPOINTS: readonly ApiEndpoint[] = [
  endpoint({
    method: 'GET',
    path: '/namespaces/:namespace/members',
    access: 'namespace',
    summary: 'Lists the members of an organisation',
    query: {},
    answer: [200, schemas.page(schemas.member)],
    handle: listMembers,
  }),
  endpoint({
    method: 'PUT',
    path: '/namespaces/:namespace/members/:user',
    access: 'namespace',
    summary: 'Makes a user a member of an organisation, or changes what they are in it',
    body: schemas.memberChange,
    answer: [200, schemas.member],
    handle: putMember,
  }),
  endpoint({
    method: 'DELETE',
    path: '/namespaces/:namespace/members/:user',
    access: 'namespace',
    summary: 'Ends a membership',
    answer: [204, null],
    handle: removeMember,
  }),
]

async function listMembers(call: ApiCall): Promise<Response> {
  const { accounts } = call
  const organisation = namespaceIn(call)
  const { id } = await requireOrganisation(call)
  const page = parseApiPage(call)
  const { users, more } = await accounts.members.list(organisation, page)
  const found = await forEachOf(users, async (user) => {
    const [record, account] = await Promise.all([
      accounts.members.get(organisation, user),
      accounts.namespaces.get(user),
    ])
    const counts = record !== null && record.organisationId === id && record.userId === account?.id
    return counts ? [describe(user, record)] : []
  })
  return listing(call, page, found.flat(), more ? users.at(-1) : undefined)
}

async function putMember(
  call: ApiCall,
  { role, repositories = {} }: { role: Role | null; repositories?: Record<RepositoryName, Role> | undefined },
): Promise<Response> {
  const { accounts, now, by } = call
  const organisation = namespaceIn(call)
  const user = userIn(call)
  const { id: organisationId } = await requireOrganisation(call)
  const account = await accounts.namespaces.get(user)
  if (account?.kind !== 'user') throw new RegistryError('NAMESPACE_UNKNOWN', { detail: { user } })
  const foreign = (Object.keys(repositories) as RepositoryName[]).find((name) => namespaceOf(name) !== organisation)
  if (foreign !== undefined) throw conflict(`${foreign} is not a repository of ${organisation}`)

  const roles = [...(role === null ? [] : [[`${organisation}/*`, role] as const]), ...Object.entries(repositories)]
  requireGrants(
    call.principal,
    roles.map(([pattern, given]) => ({ repositories: pattern, actions: actionsOf(given) })),
  )
  const record = {
    organisationId,
    userId: account.id,
    role,
    repositories,
    addedAt: now.toISOString(),
    addedBy: by,
  }
  await call.audit(organisation, 'member.set', user, { role, repositories })
  await accounts.members.put(organisation, user, record)
  return Response.json(describe(user, record))
}

async function removeMember(call: ApiCall): Promise<Response> {
  const { accounts } = call
  const organisation = namespaceIn(call)
  const user = userIn(call)
  await requireOrganisation(call)
  if ((await accounts.members.get(organisation, user)) === null)
    throw new RegistryError('MEMBER_UNKNOWN', { detail: { organisation, user } })
  await call.audit(organisation, 'member.remove', user)
  await accounts.members.delete(organisation, user)
  return new Response(null, { status: 204 })
}

/** @throws {RegistryError} `CONFLICT` for a user, who has no members */
async function requireOrganisation(call: ApiCall): Promise<NamespaceRecord> {
  const record = await requireNamespace(call)
  if (record.kind !== 'organisation') throw conflict(`${namespaceIn(call)} is a user, and users have no members`)
  return record
}

function userIn({ params }: ApiCall): NamespaceName {
  return parseNamespaceName(params['user'] ?? '')
}

function describe(user: NamespaceName, { role, repositories, addedAt, addedBy }: MemberRecord) {
  return { user, role, repositories, addedAt, addedBy }
}
