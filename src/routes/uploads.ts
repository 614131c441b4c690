import { currentTally } from '../log.ts'
import { parseChunkRange } from '../oci/byte-range.ts'
import { parseDigest, parseDigestAlgorithm, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import { parseRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { finishUpload, storeBlob } from '../registry/finish-upload.ts'
import { claimBlob, mountBlob } from '../registry/mount-blob.ts'
import type { UploadSession } from '../registry/upload-session.ts'
import type { Services } from '../services.ts'
import { endOf, MIN_CHUNK_BYTES } from '../storage/uploads.ts'
import type { ObjectSource } from '../storage/write-object.ts'
import type { RepositoryCall } from './call.ts'

/**
 * Begins an upload (end-4a), takes a whole blob at once (end-4b), or mounts one that is here already (end-11).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function startUpload(call: RepositoryCall, services: Services): Promise<Response> {
  const { url, repository, caller } = call
  const mount = url.searchParams.get('mount')
  const from = url.searchParams.get('from')
  const digest = url.searchParams.get('digest')
  const algorithm = url.searchParams.get('digest-algorithm')
  if (algorithm !== null) parseDigestAlgorithm(algorithm)

  if (mount !== null) {
    const mounted = parseDigest(mount)
    const source = from === null ? null : parseRepositoryName(from)
    if (await isMounted(mounted, source)) return created(call, mounted)
  } else if (digest !== null) {
    const stored = parseDigest(digest)
    const size = await storeBlob(services, repository, stored, bodyOf(call.request) ?? NOTHING)
    currentTally().pushedBytes += size
    return created(call, stored)
  }
  const session = { id: crypto.randomUUID(), repository, offset: 0, whole: null }
  const response = await progress(202, session, services)
  response.headers.set('OCI-Chunk-Min-Length', String(MIN_CHUNK_BYTES))
  return response

  async function isMounted(mounted: Digest, source: RepositoryName | null): Promise<boolean> {
    const { blobs } = services
    if (source !== null) return mountBlob(blobs, caller, repository, mounted, source)
    if ((await blobs.stat(repository, mounted)) !== null) return true
    return (await claimBlob(blobs, caller, repository, mounted)) !== null
  }
}

/**
 * Takes more bytes of an upload (end-5): all that is left, or one chunk with its `Content-Range`.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export async function appendToUpload(call: RepositoryCall, services: Services): Promise<Response> {
  const session = await openSession(call, services)
  const source = await nextBytes(call, session, services)
  if (source === null) return progress(202, session, services)
  const { key, size, hex } = await services.uploads.append(session.id, session.offset, source)
  currentTally().pushedBytes += size
  const whole = session.offset === 0 ? { key, hex } : null
  return progress(202, { ...session, offset: session.offset + size, whole }, services)
}

/** Closes an upload (end-6), which may bring the whole blob or its last chunk. Repeated, it succeeds again. */
export async function closeUpload(call: RepositoryCall, services: Services): Promise<Response> {
  const session = await openSession(call, services)
  const digest = parseDigest(call.url.searchParams.get('digest') ?? '')
  try {
    const size = await finishUpload(services, session, digest, await nextBytes(call, session, services))
    currentTally().pushedBytes += size - session.offset
  } catch (error) {
    // The first time has taken the chunks away, and left the blob.
    const gone = error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN'
    if (!gone || (await services.blobs.stat(call.repository, digest)) === null) throw error
  }
  return created(call, digest)
}

/** How far an upload has got (end-13), asked with any `Location` it ever had. */
export async function getUpload(call: RepositoryCall, services: Services): Promise<Response> {
  const session = await openSession(call, services)
  return progress(204, await currentSession(session, services), services)
}

/** Gives an upload up. Repeated, it succeeds again. */
export async function cancelUpload(call: RepositoryCall, services: Services): Promise<Response> {
  const session = await openSession(call, services)
  await services.uploads.cancel(session.id)
  return new Response(null, { status: 204 })
}

async function openSession(
  { url, params, repository }: RepositoryCall,
  { sessions, now }: Services,
): Promise<UploadSession> {
  const session = await sessions.verify(url.searchParams.get('state') ?? '', now())
  if (session.repository !== repository || session.id !== params['session'])
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: 'the upload belongs to another URL' })
  return session
}

/**
 * The bytes that a request brings, checked to be those that come next; `null` for none. A first request that names
 * no range cannot be out of order, and costs no listing.
 *
 * @throws {RegistryError} `RANGE_INVALID` (416) with the true state of the upload, `SIZE_INVALID`
 */
async function nextBytes(
  { request }: RepositoryCall,
  session: UploadSession,
  services: Services,
): Promise<ObjectSource | null> {
  const source = bodyOf(request)
  const contentRange = request.headers.get('Content-Range')
  if (contentRange === null && (source === null || session.offset === 0)) return source

  const range = contentRange === null ? null : parseChunkRange(contentRange)
  const current = await currentSession(session, services)
  if (session.offset !== current.offset || (range !== null && range.first !== current.offset)) {
    const { headers } = await progress(202, current, services)
    throw new RegistryError('RANGE_INVALID', {
      headers: { Location: headers.get('Location') ?? '', Range: headers.get('Range') ?? '' },
      detail: { expected: current.offset },
    })
  }
  if (range === null || source === null) return source
  const size = range.last - range.first + 1
  if (source.size !== null && source.size !== size)
    throw new RegistryError('SIZE_INVALID', { detail: { range: size, length: source.size } })
  return { ...source, size }
}

/** The session as storage has it: the `Location` at hand may be an earlier one. */
async function currentSession(session: UploadSession, { uploads }: Services): Promise<UploadSession> {
  const offset = endOf(await uploads.chunks(session.id))
  if (offset < session.offset)
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: 'the upload was cancelled or finished' })
  return offset === session.offset ? session : { ...session, offset, whole: null }
}

const NOTHING: ObjectSource = { streams: [], size: 0, fault: bodyFault }

function bodyOf({ body, headers }: Request): ObjectSource | null {
  const length = headers.get('Content-Length')
  if (body === null || length === '0') return null
  return { streams: [body], size: length === null ? null : Number(length), fault: bodyFault }
}

function bodyFault(cause: unknown): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', { detail: 'the request body ended early', cause })
}

async function progress(status: 202 | 204, session: UploadSession, { sessions, now }: Services): Promise<Response> {
  const { id, repository, offset } = session
  const state = await sessions.sign(session, now())
  return new Response(null, {
    status,
    headers: {
      Location: `/v2/${repository}/blobs/uploads/${id}?state=${state}`,
      Range: `0-${Math.max(offset - 1, 0)}`, // both ends included; none yet looks like one
      'Docker-Upload-UUID': id,
      'Content-Length': '0',
    },
  })
}

function created({ repository }: RepositoryCall, digest: Digest): Response {
  const headers = {
    Location: `/v2/${repository}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  }
  return new Response(null, { status: 201, headers })
}
