import { countShared } from '../log.ts'
import { digestParts, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { digestMismatch, type Blobs } from '../storage/blobs.ts'
import { endOf, type Uploads } from '../storage/uploads.ts'
import type { ObjectSource } from '../storage/write-object.ts'
import type { UploadSession } from './upload-session.ts'

export interface BlobStores {
  readonly blobs: Blobs
  readonly uploads: Uploads
}

/**
 * Stores a blob whose bytes and digest arrive together, and hands it to the repository. If the registry has it
 * already, the bytes are only verified: they prove that the pusher has the blob, and are not stored again. A storage that
 * checks digests is sent them over those that it has, the same bytes at the same key: hashing them here would cost more,
 * and a refusal in other words would tell that another repository has the blob.
 *
 * @returns its size in bytes
 * @throws {RegistryError} `DIGEST_INVALID`, `SIZE_INVALID`: nothing is stored
 */
export async function storeBlob(
  { blobs }: BlobStores,
  repository: RepositoryName,
  digest: Digest,
  source: ObjectSource,
): Promise<number> {
  const present = !blobs.passesUnread(digest, source) && (await blobs.find(digest)) !== null
  const size = present ? await blobs.verify(digest, source) : await blobs.write(digest, source)
  if (present) countShared(size)
  await blobs.hold(repository, digest, size)
  return size
}

/**
 * Closes an upload: the bytes received so far, and `last` if the closing request brought some, become the blob.
 *
 * @returns the blob's size in bytes
 * @throws {RegistryError} `DIGEST_INVALID`, `SIZE_INVALID`, `BLOB_UPLOAD_UNKNOWN` when the bytes are gone
 */
export async function finishUpload(
  stores: BlobStores,
  session: UploadSession,
  digest: Digest,
  last: ObjectSource | null,
): Promise<number> {
  if (session.offset === 0 && session.whole === null)
    return storeBlob(stores, session.repository, digest, last ?? NO_BYTES)
  if (session.whole !== null && last === null && digestParts(digest).algorithm === 'sha256')
    return finishWhole(stores, session, session.whole, digest)
  return finishChunks(stores, session, digest, last)
}

/** One request has brought all, and the token knows its sha256: the bytes are not read again. */
async function finishWhole(
  { blobs, uploads }: BlobStores,
  { repository, offset: size }: UploadSession,
  whole: { key: string; hex: string },
  digest: Digest,
): Promise<number> {
  if (whole.hex !== digestParts(digest).hex) throw digestMismatch(digest, whole.hex)
  const present = (await blobs.find(digest)) !== null
  if (!present && !(await blobs.adopt(digest, whole.key, size))) throw gone()
  await blobs.hold(repository, digest, size)
  if (present) countShared(size)
  await cleanUp(uploads.remove(whole.key))
  return size
}

/**
 * Reads all chunks once more, since a hash cannot be carried from one request to the next. `last` goes straight into
 * the blob: if that fails, the upload is as it was, and the request can be repeated.
 */
async function finishChunks(
  stores: BlobStores,
  { id, repository, offset }: UploadSession,
  digest: Digest,
  last: ObjectSource | null,
): Promise<number> {
  const { uploads } = stores
  const chunks = await uploads.chunks(id)
  if (endOf(chunks) < offset) throw gone()
  const size = await storeBlob(stores, repository, digest, uploads.read(chunks, last))
  await cleanUp(uploads.removeAll(id))
  return size
}

/** The blob is stored and held: what stays behind of the upload is the bucket's lifecycle rule's, and no failure. */
async function cleanUp(removal: Promise<unknown>): Promise<void> {
  await removal.catch(() => undefined)
}

const NO_BYTES: ObjectSource = {
  streams: [],
  size: 0,
  fault: (cause) => new RegistryError('UNKNOWN', { cause }),
}

function gone(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: 'the upload was cancelled or has expired' })
}
