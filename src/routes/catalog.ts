import { nextPageLink, parsePage } from '../http/pagination.ts'
import type { Services } from '../services.ts'
import type { Call } from './call.ts'

/**
 * The names of all repositories that the caller may read, in byte order, by pages: Docker's own endpoint, beyond the OCI spec.
 * https://distribution.github.io/distribution/spec/api/#listing-repositories
 */
export async function listRepositories({ url, caller }: Call, { repositories }: Services): Promise<Response> {
  const { limit, last } = parsePage(url.searchParams)
  if (limit === 0) return Response.json({ repositories: [] })
  const { names, more } = await (caller.reads === 'everything'
    ? repositories.list('', last, limit)
    : caller.reads.list(last, limit))
  const lastListed = names.at(-1)
  const headers = more && lastListed !== undefined ? { Link: nextPageLink(url, limit, lastListed) } : {}
  return Response.json({ repositories: names }, { headers })
}
