import { clientHas, etagOf } from '../http/etag.ts'
import { currentTally } from '../log.ts'
import { parseDigest, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import { claimBlob } from '../registry/mount-blob.ts'
import type { Services } from '../services.ts'
import { edgeReads, type RepositoryCall } from './call.ts'

/**
 * GET and HEAD of a blob (end-2). The bytes come from storage: a GET is redirected there, `Range` and all.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 */
export async function getBlob(call: RepositoryCall, services: Services): Promise<Response> {
  const { request, url, params, repository } = call
  const digest = parseDigest(params['digest'] ?? '')
  const size = await (request.method === 'HEAD'
    ? statForPusher(call, services, digest)
    : edgeReads(call, services).statBlob(repository, digest))
  if (size === null) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } })

  const validators = { 'Docker-Content-Digest': digest, ETag: etagOf(digest) }
  if (clientHas(digest, request.headers)) return new Response(null, { status: 304, headers: validators })
  const headers = { ...validators, 'Content-Type': 'application/octet-stream' }
  if (request.method === 'HEAD') return new Response(null, { headers: { ...headers, 'Content-Length': String(size) } })
  currentTally().pulledBytes += size
  const location = await services.blobs.presign(digest, services.now())
  const published = publishedUrl(location, services.blobRedirectOrigin, url.hostname)
  return new Response(null, { status: 307, headers: { ...headers, Location: published } })
}

/**
 * By a HEAD a pusher asks whether to send it: storage answers that. Who comes with the permission to push gets a blob
 * that is elsewhere in the registry, if they may read it there.
 */
async function statForPusher(
  { caller, repository }: RepositoryCall,
  { blobs }: Services,
  digest: Digest,
): Promise<number | null> {
  const size = await blobs.stat(repository, digest)
  return size === null && caller.holdsPush(repository) ? claimBlob(blobs, caller, repository, digest) : size
}

/**
 * Takes the blob out of this repository (end-10). Its bytes stay while others hold them.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-blobs
 */
export async function deleteBlob(call: RepositoryCall, services: Services): Promise<Response> {
  const { blobs } = services
  const { params, repository } = call
  const digest = parseDigest(params['digest'] ?? '')
  if ((await blobs.stat(repository, digest)) === null) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } })
  await blobs.release(repository, digest)
  await edgeReads(call, services).forgetBlob(repository, digest)
  return new Response(null, { status: 202 })
}

/**
 * The same path and signature under the origin that clients reach; whatever answers there puts the signed host back.
 *
 * @param origin may hold `{hostname}`: the name under which the client has reached the registry
 */
function publishedUrl(signed: URL, origin: string | null, hostname: string): string {
  if (origin === null) return signed.href
  return origin.replace('{hostname}', hostname) + signed.pathname + signed.search
}
