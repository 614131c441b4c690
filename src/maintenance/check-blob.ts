import { digestParts, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { blobHolderKey, blobKey, blobUserKey, manifestKey, refsPrefix } from '../storage/keys.ts'
import { hashSource } from '../storage/write-object.ts'
import type { CheckContext } from './check-context.ts'
import { breach, leak, type Finding } from './finding.ts'
import { parseKey } from './parse-key.ts'
import { walk } from './walk.ts'

/** A connection that is lost in the middle of a large blob must not end hours of reading. */
const READ_ATTEMPTS = 3

/** Reads the whole blob. */
export async function verifyBlob({ objects }: CheckContext, digest: Digest): Promise<readonly Finding[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const body = await objects.open(blobKey(digest))
      if (body === null) return []
      const fault = (cause: unknown) => new RegistryError('UNAVAILABLE', { cause })
      const { algorithm, hex } = digestParts(digest)
      const found = await hashSource({ streams: [body], size: null, fault }, algorithm)
      return found.hex === hex
        ? []
        : [breach('blob-of-other-bytes', blobKey(digest), `its bytes are ${algorithm}:${found.hex}`)]
    } catch (error) {
      if (attempt === READ_ATTEMPTS) throw error
    }
  }
}

/**
 * The note that a repository holds a blob.
 *
 * @param listedSize of the blob as a listing had it a moment ago; `null` when it was not in there
 */
export async function checkHolder(
  context: CheckContext,
  repository: RepositoryName,
  digest: Digest,
  listedSize: number | null,
): Promise<readonly Finding[]> {
  const { objects, blobs } = context
  const key = blobHolderKey(digest, repository)
  const [held, size] = await Promise.all([objects.head(key), listedSize ?? blobs.find(digest)])
  if (held === null) return []
  if (size === null) return [breach('holder-without-blob', key, `"${blobKey(digest)}" is not there`)]
  const noted = Number(held.metadata['size'])
  if (!Number.isSafeInteger(noted) || noted === size) return [] // without a size the blob itself is asked
  const detail = `it says ${noted} bytes, the blob has ${size}`
  const [wrong] = await verifyBlob(context, digest) // which of the two is right
  if (wrong) return [breach('holder-of-other-size', key, `${detail}, and ${wrong.detail}`)]
  const repair = async () => {
    if ((await objects.head(key)) !== null) await blobs.hold(repository, digest, size)
  }
  return [breach('holder-of-other-size', key, detail, repair)]
}

export async function checkUser(
  { isThere }: CheckContext,
  repository: RepositoryName,
  digest: Digest,
  manifest: Digest,
): Promise<readonly Finding[]> {
  if (await isThere(manifestKey(repository, manifest))) return []
  return [leak('ref-without-manifest', blobUserKey(digest, repository, manifest), `manifest ${manifest} is not there`)]
}

/** A blob for which a walk through all refs has met no holder. */
export async function checkUnheld({ objects }: CheckContext, digest: Digest): Promise<readonly Finding[]> {
  for await (const { key } of walk(objects, refsPrefix(digest))) if (parseKey(key).kind === 'holder') return []
  const blob = await objects.head(blobKey(digest))
  if (blob === null) return []
  const detail = `no repository holds it; ${blob.size} bytes, stored ${blob.lastModified.toISOString()}`
  return [leak('blob-without-holder', blobKey(digest), detail)]
}
