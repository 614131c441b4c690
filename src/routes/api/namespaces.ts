import { getNamespace } from '../../accounts/permissions.ts'
import { OPERATOR, RESERVED_NAMES } from '../../accounts/principal.ts'
import { isAdministrator } from '../../accounts/api-access.ts'
import { removeNamespace } from '../../accounts/remove-namespace.ts'
import { RegistryError } from '../../oci/errors.ts'
import type { NamespaceName } from '../../oci/namespace.ts'
import { parseRepositoryName, type RepositoryName } from '../../oci/repository.ts'
import { REGISTRY_EVENTS } from '../../storage/audit-log.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import type { NamespaceRecord } from '../../storage/namespaces.ts'
import { conflict, endpoint, namespaceIn, type ApiCall, type ApiEndpoint } from './api-call.ts'
import { listing, parseApiPage } from './listing.ts'
import * as schemas from './schemas.ts'

type Kind = NamespaceRecord['kind']

/** Users and organisations. https://docs.docker.com/docker-hub/repos/ has the model: a namespace belongs to one of them. */
export const NAMESPACE_ENDPOINTS: readonly ApiEndpoint[] = [
  ...(['user', 'organisation'] as const).flatMap((kind) => [
    endpoint({
      method: 'GET',
      path: `/${kind}s`,
      access: 'administrator',
      summary: `Lists all ${kind}s`,
      query: {},
      answer: [200, schemas.page(schemas.namespace)],
      handle: (call) => listNamespaces(call, kind),
    }),
    endpoint({
      method: 'POST',
      path: `/${kind}s`,
      access: 'administrator',
      summary: kind === 'user' ? 'Adds a user' : 'Adds an organisation, which may have an owner at once',
      body: schemas.newNamespace,
      answer: [201, schemas.namespace],
      handle: (call, body) => addNamespace(call, kind, body),
    }),
  ]),
  endpoint({
    method: 'GET',
    path: '/namespaces/:namespace',
    access: 'namespace',
    summary: 'Tells about a user or an organisation',
    answer: [200, schemas.namespace],
    handle: async (call) => Response.json(await describe(call, namespaceIn(call), await requireNamespace(call))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/namespaces/:namespace',
    access: 'namespace',
    summary: 'Changes a user or an organisation',
    body: schemas.namespaceChange,
    answer: [200, schemas.namespace],
    handle: changeNamespace,
  }),
  endpoint({
    method: 'DELETE',
    path: '/namespaces/:namespace',
    access: 'administrator',
    summary: 'Removes a user or an organisation that has no repositories, with all tokens, members and trust rules',
    answer: [204, null],
    handle: deleteNamespace,
  }),
]

async function listNamespaces(call: ApiCall, kind: Kind): Promise<Response> {
  const page = parseApiPage(call)
  const { names, more } = await call.accounts.namespaces.list(page)
  const found = await forEachOf(names, async (name) => {
    const record = await call.accounts.namespaces.get(name)
    return record?.kind === kind ? [await describe(call, name, record)] : []
  })
  return listing(call, page, found.flat(), more ? names.at(-1) : undefined)
}

async function addNamespace(
  call: ApiCall,
  kind: Kind,
  { name, owner, administrator = false, defaultVisibility = 'private' }: NewNamespace,
): Promise<Response> {
  const { accounts, now, by } = call
  const [wrong] = kind === 'user' ? [owner && 'owner'] : [administrator && 'administrator']
  if (wrong) throw new RegistryError('REQUEST_INVALID', { detail: `${wrong} is not for a ${kind}` })
  if (RESERVED_NAMES.includes(name)) throw conflict(`the name ${name} is taken by the registry itself`)
  if ((await accounts.namespaces.get(name)) !== null) throw conflict(`there is a user or an organisation ${name}`)
  const ownerRecord = owner === undefined ? null : await accounts.namespaces.get(owner)
  if (owner !== undefined && ownerRecord?.kind !== 'user')
    throw new RegistryError('NAMESPACE_UNKNOWN', { detail: { user: owner } })

  const record = {
    kind,
    id: crypto.randomUUID(),
    administrator,
    createdAt: now.toISOString(),
    createdBy: by,
  }
  await call.audit(REGISTRY_EVENTS, `${kind}.add`, name, { administrator, defaultVisibility, owner: owner ?? null })
  // The owner's record counts only once the organisation is there, so a crash before that leaves nothing.
  if (owner !== undefined && ownerRecord !== null)
    await accounts.members.put(name, owner, {
      organisationId: record.id,
      userId: ownerRecord.id,
      role: 'owner',
      repositories: {},
      addedAt: record.createdAt,
      addedBy: by,
    })
  if (defaultVisibility === 'public') await accounts.namespaces.setDefaultVisibility(name, record, 'public')
  await accounts.namespaces.put(name, record)
  return Response.json(await describe(call, name, record), { status: 201 })
}

interface NewNamespace {
  readonly name: NamespaceName
  readonly owner?: NamespaceName | undefined
  readonly administrator?: boolean | undefined
  readonly defaultVisibility?: 'private' | 'public' | undefined
}

async function changeNamespace(
  call: ApiCall,
  change: Pick<NewNamespace, 'administrator' | 'defaultVisibility'>,
): Promise<Response> {
  const name = namespaceIn(call)
  const record = await requireNamespace(call)
  const { namespaces } = call.accounts
  const changed = { ...record, administrator: change.administrator ?? record.administrator }
  if (changed.administrator !== record.administrator) {
    if (!isAdministrator(call.principal)) throw new RegistryError('DENIED')
    if (record.kind !== 'user') throw conflict('an organisation cannot be an administrator')
    if (name === OPERATOR) throw conflict(`${name} is the administrator whose token is a setting of the registry`)
    await call.audit(REGISTRY_EVENTS, 'user.change', name, { administrator: changed.administrator })
  }
  await call.audit(name, 'namespace.change', name, change)
  // Only administrators write the record anew: what its owners do cannot bring back one that is being removed.
  if (changed.administrator !== record.administrator) await namespaces.put(name, changed)
  if (change.defaultVisibility !== undefined)
    await namespaces.setDefaultVisibility(name, record, change.defaultVisibility)
  return Response.json(await describe(call, name, changed))
}

async function deleteNamespace(call: ApiCall): Promise<Response> {
  const { accounts } = call
  const name = namespaceIn(call)
  const record = await accounts.namespaces.get(name)
  if (record === null) throw new RegistryError('NAMESPACE_UNKNOWN', { detail: { name } })
  if (name === OPERATOR) throw conflict(`${name} is the registry's own`)
  const found = await firstRepository(call, name)
  if (found !== null) throw conflict(`it has repositories, such as ${found}`)
  await call.audit(REGISTRY_EVENTS, `${record.kind}.remove`, name)
  await removeNamespace(accounts, name, call.background)
  return new Response(null, { status: 204 })
}

async function firstRepository({ accounts }: ApiCall, namespace: NamespaceName): Promise<RepositoryName | null> {
  const { names } = await accounts.repositories.list(`${namespace}/`, '', 1)
  if (names[0] !== undefined) return names[0]
  const alone = parseRepositoryName(namespace) // a repository may be called as its namespace
  return (await accounts.repositories.exists(alone)) ? alone : null
}

/** @throws {RegistryError} `NAMESPACE_UNKNOWN` */
export async function requireNamespace(call: ApiCall): Promise<NamespaceRecord> {
  const name = namespaceIn(call)
  const record = await getNamespace(call.accounts, name)
  if (record === null) throw new RegistryError('NAMESPACE_UNKNOWN', { detail: { name } })
  return record
}

async function describe({ accounts }: ApiCall, name: NamespaceName, record: NamespaceRecord) {
  const { kind, administrator, createdAt, createdBy } = record
  const defaultVisibility = await accounts.namespaces.getDefaultVisibility(name, record)
  return { name, kind, administrator, defaultVisibility, createdAt, createdBy }
}
