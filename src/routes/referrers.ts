import { parseDigest } from '../oci/digest.ts'
import { OCI_IMAGE_INDEX } from '../oci/media-types.ts'
import { listReferrers } from '../registry/list-referrers.ts'
import type { Services } from '../services.ts'
import type { RepositoryCall } from './call.ts'

/**
 * What refers to a manifest, by pages, also to one that is not there (end-12).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function getReferrers({ url, params, repository }: RepositoryCall, services: Services): Promise<Response> {
  const subject = parseDigest(params['digest'] ?? '')
  const last = url.searchParams.get('last')
  const artifactType = url.searchParams.get('artifactType')
  const page = await listReferrers(services, repository, subject, last === null ? null : parseDigest(last))
  const manifests =
    artifactType === null ? page.referrers : page.referrers.filter((found) => found.artifactType === artifactType)

  const headers = new Headers({ 'Content-Type': OCI_IMAGE_INDEX })
  if (artifactType !== null) headers.set('OCI-Filters-Applied', 'artifactType')
  if (page.next !== null) {
    const query = new URLSearchParams(url.search)
    query.set('last', page.next)
    headers.set('Link', `<${url.pathname}?${query.toString()}>; rel="next"`)
  }
  return new Response(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }), { headers })
}
