import type { Digest } from '../oci/digest.ts'
import { RegistryError } from '../oci/errors.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'
import { manifestKey, referrerKey, taggedPrefix, tagsPrefix } from '../storage/keys.ts'
import type { TagRecord, Tags } from '../storage/tags.ts'
import type { CheckContext } from './check-context.ts'
import { breach, leak, type Finding } from './finding.ts'

/** The tag's record, the manifest it points to, and the hint by which a deletion of that manifest finds the tag. */
export async function checkTag(
  { objects, tags, isThere }: CheckContext,
  repository: RepositoryName,
  tag: Tag,
): Promise<readonly Finding[]> {
  const key = tagsPrefix(repository) + tag
  const record = await readTag(tags, repository, tag)
  if (record === null) return []
  if (record === 'unreadable') return [breach('tag-unreadable', key, 'it is no tag record')]
  const { digest } = record
  const findings: Finding[] = []
  if (!(await isThere(manifestKey(repository, digest))))
    findings.push(breach('tag-without-manifest', key, `manifest ${digest} is not there`))
  const hint = taggedPrefix(repository, digest) + tag
  if ((await objects.head(hint)) === null) {
    const detail = `"${hint}" is not there: a deletion of the manifest would not find the tag`
    findings.push(breach('tag-without-hint', key, detail, () => tags.noteTagged(repository, digest, tag)))
  }
  return findings
}

export async function checkTagged(
  { tags }: CheckContext,
  repository: RepositoryName,
  digest: Digest,
  tag: Tag,
): Promise<readonly Finding[]> {
  const record = await readTag(tags, repository, tag)
  if (record === 'unreadable' || record?.digest === digest) return []
  const detail = record === null ? 'the tag is gone' : `the tag points to ${record.digest}`
  return [leak('tagged-hint-without-tag', taggedPrefix(repository, digest) + tag, detail)]
}

export async function checkReferrer(
  { isThere }: CheckContext,
  repository: RepositoryName,
  subject: Digest,
  referrer: Digest,
): Promise<readonly Finding[]> {
  if (await isThere(manifestKey(repository, referrer))) return []
  const key = referrerKey(repository, subject, referrer)
  return [leak('referrers-hint-without-manifest', key, `manifest ${referrer} is not there`)]
}

async function readTag(tags: Tags, repository: RepositoryName, tag: Tag): Promise<TagRecord | 'unreadable' | null> {
  try {
    return await tags.get(repository, tag)
  } catch (error) {
    if (error instanceof RegistryError) throw error // it could not be read this time
    return 'unreadable'
  }
}
