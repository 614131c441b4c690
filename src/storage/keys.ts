import { digestParts, type Digest } from '../oci/digest.ts'
import type { NamespaceName } from '../oci/namespace.ts'
import type { Tag } from '../oci/reference.ts'
import type { RepositoryName } from '../oci/repository.ts'

/**
 * Every key of the bucket and of KV is built here. What ends in `Prefix` ends in a slash, so that a listing can
 * never reach into a neighbour. Names with a leading `_`, `@` or `!` can be no component of a repository's name.
 * docs/storage-schema.md tells what lies under each.
 */

/** `{version}` of this schema: schema-version.ts. */
export const SCHEMA_KEY = 'meta/schema.json'

export const BLOBS_PREFIX = 'blobs/'

export function blobKey(digest: Digest): string {
  const { algorithm, hex } = digestParts(digest)
  return `${BLOBS_PREFIX}${algorithm}/${hex}`
}

/** This repository holds this blob. */
export function blobHolderKey(digest: Digest, repository: RepositoryName): string {
  return `${refsPrefix(digest)}${repository}/@`
}

/** This manifest of this repository uses this blob, or child manifest. */
export function blobUserKey(digest: Digest, repository: RepositoryName, manifest: Digest): string {
  return `${refsPrefix(digest)}${repository}/@${dashed(manifest)}`
}

/** All who hold or use this blob, or child manifest, repository by repository. */
export function refsPrefix(digest: Digest): string {
  const { algorithm, hex } = digestParts(digest)
  return `refs/${algorithm}/${hex}/`
}

export function manifestKey(repository: RepositoryName, digest: Digest): string {
  const { algorithm, hex } = digestParts(digest)
  return `${manifestsPrefix(repository)}${algorithm}/${hex}`
}

export function manifestsPrefix(repository: RepositoryName): string {
  return `repositories/${repository}/_manifests/`
}

export function taggedPrefix(repository: RepositoryName, digest: Digest): string {
  return `repositories/${repository}/_tagged/${dashed(digest)}/`
}

export function tagsPrefix(repository: RepositoryName): string {
  return `repositories/${repository}/_tags/`
}

/** Newest first in a listing: the later the moment, the smaller the number. */
export function historyKey(repository: RepositoryName, tag: Tag, at: Date, digest: Digest | null): string {
  const reverse = String(MAX_TIME_MS - at.getTime()).padStart(16, '0')
  return `${historyPrefix(repository, tag)}${reverse}-${digest === null ? 'deleted' : dashed(digest)}`
}

export function historyPrefix(repository: RepositoryName, tag: Tag): string {
  return `repositories/${repository}/_history/${tag}/`
}

export function referrersPrefix(repository: RepositoryName, subject: Digest): string {
  return `repositories/${repository}/_referrers/${dashed(subject)}/`
}

export function referrerKey(repository: RepositoryName, subject: Digest, referrer: Digest): string {
  return referrersPrefix(repository, subject) + dashed(referrer)
}

/** The digest at the end of a referrer's key; of a key that is not ours, some other text. */
export function referrerDigest(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace('-', ':')
}

export const CATALOG_PREFIX = 'catalog/'

export function catalogKey(repository: string): string {
  return `${CATALOG_PREFIX}${repository}!`
}

/** The name in a key of the catalog; of a key that is not ours, some other text. */
export function catalogName(key: string): string {
  return key.slice(CATALOG_PREFIX.length, -1)
}

export function uploadPrefix(sessionId: string): string {
  return `uploads/${sessionId}/`
}

/** @param offset of the chunk's first byte in the blob; padded, so that a listing has the chunks in order */
export function chunkKey(sessionId: string, offset: number, nonce: string): string {
  return `${uploadPrefix(sessionId)}${String(offset).padStart(OFFSET_DIGITS, '0')}-${nonce}`
}

/** There when the upload has been given up: its URLs are still signed, and must find nothing. */
export function cancelledKey(sessionId: string): string {
  return `${uploadPrefix(sessionId)}cancelled`
}

/** The offset in a chunk's key; `null` for another key. */
export function chunkOffset(key: string): number | null {
  const [, digits] = /\/(\d{16})-[^/]+$/.exec(key) ?? []
  return digits === undefined ? null : Number(digits)
}

/** All records of accounts and access. */
export const ACCOUNTS_PREFIX = 'accounts/'

export const NAMESPACES_PREFIX = `${ACCOUNTS_PREFIX}namespaces/`

export function namespaceKey(namespace: NamespaceName): string {
  return NAMESPACES_PREFIX + namespace
}

/** New repositories of this namespace, of this id, are public. */
export function publicByDefaultKey(namespace: NamespaceName, id: string): string {
  return `${ACCOUNTS_PREFIX}public-by-default/${namespace}/${id}`
}

export function membersPrefix(organisation: NamespaceName): string {
  return `${ACCOUNTS_PREFIX}members/${organisation}/`
}

/** A hint, checked against the member's record: this user may be a member there. */
export function membershipsPrefix(user: NamespaceName): string {
  return `${ACCOUNTS_PREFIX}memberships/${user}/`
}

export const PUBLIC_PREFIX = `${ACCOUNTS_PREFIX}public/`

/** Anyone may pull from this repository. */
export function publicKey(repository: string): string {
  return `${PUBLIC_PREFIX}${repository}!`
}

/** The name in a key of a public repository; of a key that is not ours, some other text. */
export function publicName(key: string): string {
  return key.slice(PUBLIC_PREFIX.length, -1)
}

export function accessTokenKey(id: string): string {
  return `${ACCOUNTS_PREFIX}tokens/${id}`
}

/** A hint, checked against the token's record: this may be a token of this user or organisation. */
export function tokensOfPrefix(owner: NamespaceName): string {
  return `${ACCOUNTS_PREFIX}tokens-of/${owner}/`
}

/** Written when the token is used, at most once an hour: its age is the answer. */
export function tokenUseKey(id: string): string {
  return `${ACCOUNTS_PREFIX}token-uses/${id}`
}

export function trustRulesPrefix(namespace: NamespaceName): string {
  return `${ACCOUNTS_PREFIX}trust-rules/${namespace}/`
}

/** A hint, checked against the rules: this namespace may have rules for that issuer. */
export function trustedByPrefix(issuerHash: string): string {
  return `${ACCOUNTS_PREFIX}trusted-by/${issuerHash}/`
}

/** @param subject a namespace, or what no namespace can be called: the registry itself */
export function auditPrefix(subject: string): string {
  return `${ACCOUNTS_PREFIX}audit/${subject}/`
}

export const TAG_INDEX_PREFIX = 'tag:'

/** Of KV: tag -> manifest. */
export function tagIndexKey(repository: RepositoryName, tag: Tag): string {
  return `${TAG_INDEX_PREFIX}${repository}:${tag}`
}

/** Repository and tag in a key of KV; of a key that is not ours, some other texts. */
export function tagIndexName(key: string): { repository: string; tag: string } {
  const [, repository = '', tag = ''] = key.split(':')
  return { repository, tag }
}

function dashed(digest: Digest): string {
  return digest.replace(':', '-')
}

/** The last moment that a `Date` can hold. */
const MAX_TIME_MS = 8_640_000_000_000_000

const OFFSET_DIGITS = 16
