import { listVisible } from '../../accounts/visible-repositories.ts'
import { RegistryError } from '../../oci/errors.ts'
import { namespaceOf } from '../../oci/namespace.ts'
import { parseTag, type Tag } from '../../oci/reference.ts'
import type { RepositoryName } from '../../oci/repository.ts'
import { removeRepository } from '../../registry/remove-repository.ts'
import { deleteTag } from '../../registry/tags.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import type { RepositoryRecord } from '../../storage/repositories.ts'
import { endpoint, repositoryIn, type ApiCall, type ApiEndpoint } from './api-call.ts'
import { listing, parseApiPage } from './listing.ts'
import * as schemas from './schemas.ts'

/** No component of a repository's name begins with `_`, so what does is below the repository. */
export const REPOSITORY_API_ENDPOINTS: readonly ApiEndpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repositories',
    access: 'anyone',
    summary: 'Lists the repositories that the caller may pull from',
    query: {},
    answer: [200, schemas.page(schemas.repository)],
    handle: listRepositories,
  }),
  endpoint({
    method: 'GET',
    path: '/repositories/:name+/_tags',
    access: 'pull',
    summary: 'Lists the tags of a repository',
    query: {},
    answer: [200, schemas.page(schemas.tag)],
    handle: listTags,
  }),
  endpoint({
    method: 'DELETE',
    path: '/repositories/:name+/_tags/:tag',
    access: 'delete',
    summary: 'Removes a tag; the manifest that it points to stays',
    answer: [204, null],
    handle: removeTag,
  }),
  endpoint({
    method: 'GET',
    path: '/repositories/:name+/_tags/:tag/_history',
    access: 'pull',
    summary: 'Lists what a tag has pointed to, the newest first',
    query: {},
    answer: [200, schemas.page(schemas.tagMove)],
    handle: listHistory,
  }),
  endpoint({
    method: 'GET',
    path: '/repositories/:name+',
    access: 'pull',
    summary: 'Tells about a repository',
    answer: [200, schemas.repository],
    handle: async (call) => {
      const name = repositoryIn(call)
      return Response.json(await describe(call, name, await requireRepository(call, name)))
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/repositories/:name+',
    access: 'admin',
    summary: 'Changes who may pull from a repository, and what it says about itself',
    body: schemas.repositoryChange,
    answer: [200, schemas.repository],
    handle: changeRepository,
  }),
  endpoint({
    method: 'DELETE',
    path: '/repositories/:name+',
    access: 'admin',
    summary: 'Removes a repository with all its tags and manifests',
    answer: [200, schemas.removal],
    handle: deleteRepository,
  }),
]

async function listRepositories(call: ApiCall): Promise<Response> {
  const page = parseApiPage(call)
  const { names, more } = await listVisible(call.accounts, call.principal, page.after, page.limit)
  const found = await forEachOf(names, async (name) => {
    const record = await call.accounts.repositories.get(name)
    return record === null ? [] : [await describe(call, name, record)]
  })
  return listing(call, page, found.flat(), more ? names.at(-1) : undefined)
}

async function changeRepository(
  call: ApiCall,
  change: { visibility?: 'private' | 'public' | undefined; description?: string | undefined },
): Promise<Response> {
  const { repositories } = call.accounts
  const name = repositoryIn(call)
  const record = await requireRepository(call, name)
  await call.audit(namespaceOf(name), 'repository.change', name, change)
  const { description = record.description } = change
  const changed = { ...record, ...(description === undefined ? {} : { description }) }
  if (change.description !== undefined) await repositories.put(name, changed)
  if (change.visibility === 'public') await repositories.makePublic(name)
  if (change.visibility === 'private') await repositories.makePrivate(name)
  return Response.json(await describe(call, name, changed))
}

async function deleteRepository(call: ApiCall): Promise<Response> {
  const name = repositoryIn(call)
  await requireRepository(call, name)
  await call.audit(namespaceOf(name), 'repository.remove', name)
  const work = removeRepository(call.services, name, { at: call.now, by: call.by })
  call.background(work)
  return Response.json({ done: await work })
}

async function listTags(call: ApiCall): Promise<Response> {
  const { tags } = call.services
  const name = repositoryIn(call)
  await requireRepository(call, name)
  const page = parseApiPage(call)
  const found = await tags.list(name, page)
  const records = await forEachOf(found.tags, async (tag) => {
    const record = await tags.get(name, tag)
    return record === null ? [] : [{ name: tag, ...record }]
  })
  return listing(call, page, records.flat(), found.more ? found.tags.at(-1) : undefined)
}

async function removeTag(call: ApiCall): Promise<Response> {
  const name = repositoryIn(call)
  const tag = tagIn(call)
  const { services, now: at, by } = call
  const audit = () => call.audit(namespaceOf(name), 'tag.delete', name, { tags: [tag] })
  const work = deleteTag(services, name, tag, { at, by, audit })
  call.background(work)
  if (!(await work)) throw new RegistryError('TAG_UNKNOWN', { detail: { tag } })
  return new Response(null, { status: 204 })
}

async function listHistory(call: ApiCall): Promise<Response> {
  const { tags } = call.services
  const name = repositoryIn(call)
  const tag = tagIn(call)
  const { created } = await requireRepository(call, name)
  const page = parseApiPage(call)
  const { names, more } = await tags.listHistory(name, tag, page)
  const moves = await forEachOf(names, async (move) => (await tags.getHistory(name, tag, move)) ?? [])
  // What a repository of this name was before has nothing to do with this one.
  const own = moves.flat().filter(({ pushedAt }) => Date.parse(pushedAt) >= Date.parse(created))
  return listing(call, page, own, more && own.length === names.length ? names.at(-1) : undefined)
}

/** @throws {RegistryError} `NAME_UNKNOWN` */
async function requireRepository({ accounts }: ApiCall, name: RepositoryName): Promise<RepositoryRecord> {
  const record = await accounts.repositories.get(name)
  if (record === null) throw new RegistryError('NAME_UNKNOWN', { detail: { name } })
  return record
}

function tagIn({ params }: ApiCall): Tag {
  const tag = params['tag'] ?? ''
  return parseTag(tag)
}

async function describe({ accounts }: ApiCall, name: RepositoryName, { created, description = '' }: RepositoryRecord) {
  const visibility = (await accounts.repositories.isPublic(name)) ? 'public' : 'private'
  return { name, visibility, description, createdAt: created }
}
