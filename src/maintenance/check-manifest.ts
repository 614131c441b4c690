import { digestOf, digestParts, type Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import { parseManifest, type Manifest } from '../oci/manifest.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { blobHolderKey, blobKey, blobUserKey, catalogKey, manifestKey, referrerKey } from '../storage/keys.ts'
import type { CheckContext } from './check-context.ts'
import { breach, type Finding } from './finding.ts'

/** The manifest's own bytes, and all that must be in the repository because of it. */
export async function checkManifest(
  context: CheckContext,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly Finding[]> {
  const key = manifestKey(repository, digest)
  const stored = await context.manifests.get(repository, digest)
  if (stored === null) return []
  const found = digestOf(stored.bytes, digestParts(digest).algorithm)
  if (found !== digest) return [breach('manifest-of-other-bytes', key, `its bytes are ${found}`)]
  const manifest = parseStored(stored.bytes, stored.mediaType)
  if (typeof manifest === 'string') return [breach('manifest-unreadable', key, manifest)]

  return [
    ...(await missingBlobs(context, repository, key, manifest)),
    ...(await missingChildren(context, repository, key, manifest)),
    ...(await missingRefs(context, repository, digest, manifest)),
    ...(await missingReferrersHint(context, repository, digest, manifest)),
  ]
}

/** Once for a repository, since one record stands for all its manifests. */
export async function checkCatalog(
  { manifests, repositories, isThere }: CheckContext,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly Finding[]> {
  if (await isThere(catalogKey(repository))) return []
  const stored = await manifests.stat(repository, digest)
  if (stored === null) return []
  const detail = `"${catalogKey(repository)}" is not there: the catalog does not show this repository`
  const repair = () => repositories.create(repository, new Date())
  return [breach('manifest-outside-catalog', manifestKey(repository, digest), detail, repair)]
}

/** @returns the reason if it is none */
function parseStored(bytes: Uint8Array, mediaType: string): Manifest | string {
  try {
    return parseManifest(bytes, mediaType)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return String(error.details[0])
  }
}

async function missingBlobs(
  { isThere }: CheckContext,
  repository: RepositoryName,
  key: string,
  { blobs }: Manifest,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { digest } of blobs) {
    // No repair: a user may have deleted the blob from this repository, and access to it is not ours to give.
    if (!(await isThere(blobHolderKey(digest, repository))))
      findings.push(breach('manifest-without-blob', key, `blob ${digest} is not in this repository, or was deleted`))
    else if (!(await isThere(blobKey(digest))))
      findings.push(breach('manifest-without-blob', key, `the bytes of blob ${digest} are gone`))
  }
  return findings
}

async function missingChildren(
  { isThere }: CheckContext,
  repository: RepositoryName,
  key: string,
  { manifests }: Manifest,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { digest } of manifests) {
    if (!(await isThere(manifestKey(repository, digest))))
      findings.push(
        breach('manifest-without-child', key, `manifest ${digest} is not in this repository, or was deleted`),
      )
  }
  return findings
}

async function missingRefs(
  { objects, blobs }: CheckContext,
  repository: RepositoryName,
  digest: Digest,
  manifest: Manifest,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { digest: used } of [...manifest.blobs, ...manifest.manifests]) {
    const ref = blobUserKey(used, repository, digest)
    if ((await objects.head(ref)) !== null) continue
    const detail = `"${ref}" is not there: ${used} is not kept for it`
    const repair = () => blobs.noteUser(repository, used, digest)
    findings.push(breach('manifest-without-ref', manifestKey(repository, digest), detail, repair))
  }
  return findings
}

async function missingReferrersHint(
  { manifests }: CheckContext,
  repository: RepositoryName,
  digest: Digest,
  { subject }: Manifest,
): Promise<readonly Finding[]> {
  if (subject === null || (await manifests.isReferrer(repository, subject.digest, digest))) return []
  const detail = `"${referrerKey(repository, subject.digest, digest)}" is not there: its subject does not list it`
  const repair = () => manifests.noteReferrer(repository, subject.digest, digest)
  return [breach('manifest-without-referrers-hint', manifestKey(repository, digest), detail, repair)]
}
