import { nextPageLink, parsePage } from '../http/pagination.ts'
import { RegistryError } from '../oci/errors.ts'
import type { Services } from '../services.ts'
import type { RepositoryCall } from './call.ts'

/**
 * A repository's tags in byte order, by pages (end-8).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listTags({ url, repository }: RepositoryCall, services: Services): Promise<Response> {
  const { limit, last } = parsePage(url.searchParams)
  // Storage counts no listing of nothing; an unknown repository is told from an empty one all the same.
  const { tags, more } = await services.tags.list(repository, { after: last, limit: Math.max(limit, 1) })
  if (tags.length === 0 && !(await services.repositories.exists(repository)))
    throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } })

  const page = tags.slice(0, limit)
  const lastListed = page.at(-1)
  const headers = more && lastListed !== undefined ? { Link: nextPageLink(url, limit, lastListed) } : undefined
  return Response.json({ name: repository, tags: page }, headers === undefined ? {} : { headers })
}
