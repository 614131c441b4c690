import { clientHas, etagOf } from '../http/etag.ts'
import { currentTally, logFault } from '../log.ts'
import { digestOf, digestParts, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from '../oci/manifest.ts'
import { parseReference, parseTag, type Reference, type Tag } from '../oci/reference.ts'
import { deleteManifest } from '../registry/delete-manifest.ts'
import { findManifest } from '../registry/find-manifest.ts'
import { pushManifest } from '../registry/push-manifest.ts'
import { deleteTag } from '../registry/tags.ts'
import type { Services } from '../services.ts'
import type { ManifestInfo } from '../storage/manifests.ts'
import { readChunks } from '../storage/read-chunks.ts'
import { audit, edgeReads, type RepositoryCall } from './call.ts'

/**
 * GET and HEAD of a manifest by tag or digest (end-3): the very bytes that were pushed.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export async function getManifest(call: RepositoryCall, services: Services): Promise<Response> {
  const { request, params, repository } = call
  const reference = parseReference(params['reference'] ?? '', 'MANIFEST_UNKNOWN')
  const found = await findManifest(services, repository, reference, read, (work) => {
    call.background(work.catch(logFault)) // nobody waits for it
  })
  if (found === null) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { reference: params['reference'] } })
  const { digest, manifest } = found
  const headers = { 'Docker-Content-Digest': digest, ETag: etagOf(digest) }
  if (clientHas(digest, request.headers)) return new Response(null, { status: 304, headers })
  currentTally().pulledBytes += manifest.bytes?.length ?? 0
  return new Response(manifest.bytes, {
    headers: { ...headers, 'Content-Type': manifest.mediaType, 'Content-Length': String(manifest.size) },
  })

  // By a HEAD a pusher asks whether it is there: storage answers that.
  async function read(digest: Digest): Promise<(ManifestInfo & { bytes: Uint8Array | null }) | null> {
    if (request.method === 'GET') return edgeReads(call, services).getManifest(repository, digest)
    const info = await services.manifests.stat(repository, digest)
    return info === null ? null : { ...info, bytes: null }
  }
}

/**
 * Stores a manifest under its digest, and points the tag to it if one is named (end-7), and those in `?tag=` (end-7b).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export async function putManifest(call: RepositoryCall, services: Services): Promise<Response> {
  const { request, url, params, repository, caller } = call
  const reference = parseReference(params['reference'] ?? '', 'TAG_INVALID')
  const moreTags = parseTags(url.searchParams.getAll('tag'))
  const bytes = await readManifest(request)
  const manifest = parseManifest(bytes, request.headers.get('Content-Type'))
  const digest = checkedDigest(bytes, reference)
  const tags = [...new Set(reference.kind === 'tag' ? [reference.tag, ...moreTags] : moreTags)]
  // Once begun it runs to its end also when the client goes: a tag's record and its entry in KV belong together.
  const push = pushManifest(services, {
    repository,
    digest,
    bytes,
    manifest,
    tags,
    at: services.now(),
    by: caller.name,
    audit: (action, detail) => audit(call, services, action, detail),
  })
  call.background(push)
  await push
  currentTally().pushedBytes += bytes.length
  const headers = new Headers({
    Location: `/v2/${repository}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  })
  for (const tag of moreTags) headers.append('OCI-Tag', tag)
  if (manifest.subject !== null) headers.set('OCI-Subject', manifest.subject.digest)
  return new Response(null, { status: 201, headers })
}

/**
 * Deletes a tag, or a manifest with all tags that point to it (end-9).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management
 */
export async function removeManifest(call: RepositoryCall, services: Services): Promise<Response> {
  const { params, repository, caller } = call
  const reference = parseReference(params['reference'] ?? '', 'MANIFEST_UNKNOWN')
  const how = {
    at: services.now(),
    by: caller.name,
    audit: () =>
      reference.kind === 'digest'
        ? audit(call, services, 'manifest.delete', { digest: reference.digest })
        : audit(call, services, 'tag.delete', { tags: [reference.tag] }),
  }
  const removal = remove()
  call.background(removal)
  await removal
  return new Response(null, { status: 202 })

  async function remove(): Promise<void> {
    if (reference.kind === 'digest') {
      await deleteManifest(services, repository, reference.digest, how)
      await edgeReads(call, services).forgetManifest(repository, reference.digest)
    } else if (!(await deleteTag(services, repository, reference.tag, how)))
      throw new RegistryError('MANIFEST_UNKNOWN', { detail: { tag: reference.tag } })
  }
}

/** Each costs four writes. The spec asks for ten. */
const MAX_TAGS_OF_A_PUSH = 50

/** @throws {RegistryError} `TAG_INVALID`, 414 for too many */
function parseTags(texts: readonly string[]): readonly Tag[] {
  if (texts.length > MAX_TAGS_OF_A_PUSH)
    throw new RegistryError('TAG_INVALID', { status: 414, detail: { most: MAX_TAGS_OF_A_PUSH } })
  return [...new Set(texts.map((text) => parseTag(text)))]
}

/** @throws {RegistryError} 413 above `MAX_MANIFEST_BYTES`, without reading on */
async function readManifest({ body, headers }: Request): Promise<Uint8Array> {
  const tooLarge = new RegistryError('SIZE_INVALID', { status: 413, detail: { largest: MAX_MANIFEST_BYTES } })
  const length = Number(headers.get('Content-Length') ?? 0)
  if (length > MAX_MANIFEST_BYTES) throw tooLarge
  const fault = (cause: unknown) =>
    new RegistryError('MANIFEST_INVALID', { detail: 'the request body ended early', cause })
  // One byte of room more than allowed shows what is larger. The first chunk is all there is of the rest.
  const chunks = readChunks(body === null ? [] : [body], length > 0 ? length : MAX_MANIFEST_BYTES + 1, fault)
  for await (const bytes of chunks) {
    if (bytes.length > MAX_MANIFEST_BYTES) throw tooLarge
    return bytes
  }
  return new Uint8Array(0)
}

/** @throws {RegistryError} `DIGEST_INVALID` when the URL names another digest than the bytes have */
function checkedDigest(bytes: Uint8Array, reference: Reference): Digest {
  if (reference.kind === 'tag') return digestOf(bytes)
  const found = digestOf(bytes, digestParts(reference.digest).algorithm)
  if (found !== reference.digest)
    throw new RegistryError('DIGEST_INVALID', { detail: { expected: reference.digest, found } })
  return found
}
