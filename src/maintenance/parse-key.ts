import { isDigest, type Digest } from '../oci/digest.ts'
import { isTag, type Tag } from '../oci/reference.ts'
import { isNamespaceName, type NamespaceName } from '../oci/namespace.ts'
import { isRepositoryName, type RepositoryName } from '../oci/repository.ts'
import { accessTokenKey, ACCOUNTS_PREFIX, catalogKey, membersPrefix, SCHEMA_KEY } from '../storage/keys.ts'

/** What a key of the bucket is of; docs/storage-schema.md has a row for each. */
export type ParsedKey =
  | { readonly kind: 'blob'; readonly digest: Digest }
  | { readonly kind: 'holder'; readonly digest: Digest; readonly repository: RepositoryName }
  | { readonly kind: 'user'; readonly digest: Digest; readonly repository: RepositoryName; readonly manifest: Digest }
  | { readonly kind: 'manifest'; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'tagged'; readonly repository: RepositoryName; readonly digest: Digest; readonly tag: Tag }
  | { readonly kind: 'tag'; readonly repository: RepositoryName; readonly tag: Tag }
  | {
      readonly kind: 'referrer'
      readonly repository: RepositoryName
      readonly subject: Digest
      readonly referrer: Digest
    }
  | { readonly kind: 'upload'; readonly sessionId: string }
  /** Says no more than that there may be a record, at `of`. */
  | { readonly kind: 'account-hint'; readonly of: string }
  | { readonly kind: 'member'; readonly organisation: NamespaceName; readonly user: NamespaceName }
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'trust-rule'; readonly namespace: NamespaceName; readonly id: string }
  /** Nothing depends on it. */
  | { readonly kind: 'catalog' | 'history' | 'account' | 'schema' | 'reserved' | 'unknown' }

const UNKNOWN = { kind: 'unknown' } as const

/** Never throws: what is in no row of the schema is `unknown`. */
export function parseKey(key: string): ParsedKey {
  switch (key.slice(0, key.indexOf('/') + 1)) {
    case 'blobs/':
      return parseBlob(key)
    case 'refs/':
      return parseRef(key)
    case 'repositories/':
      return parseInRepository(key)
    case 'catalog/': {
      const [, name = ''] = /^catalog\/(.+)!$/.exec(key) ?? []
      return isRepositoryName(name) ? { kind: 'catalog' } : UNKNOWN
    }
    case 'uploads/': {
      const [, sessionId] = /^uploads\/([^/]+)\/[^/]+$/.exec(key) ?? []
      return sessionId === undefined ? UNKNOWN : { kind: 'upload', sessionId }
    }
    case ACCOUNTS_PREFIX:
      return parseAccount(key.slice(ACCOUNTS_PREFIX.length))
    case 'meta/':
      return key === SCHEMA_KEY ? { kind: 'schema' } : UNKNOWN
    case 'gc/':
      return { kind: 'reserved' }
    default:
      return UNKNOWN
  }
}

function parseBlob(key: string): ParsedKey {
  const digest = digestAt(key.slice('blobs/'.length), '/')
  return digest === null ? UNKNOWN : { kind: 'blob', digest }
}

function parseRef(key: string): ParsedKey {
  const [, blob = '', repository = '', user = ''] = /^refs\/([^/]+\/[^/]+)\/(.+)\/@(.*)$/.exec(key) ?? []
  const digest = digestAt(blob, '/')
  if (digest === null || !isRepositoryName(repository)) return UNKNOWN
  if (user === '') return { kind: 'holder', digest, repository }
  const manifest = digestAt(user, '-')
  return manifest === null ? UNKNOWN : { kind: 'user', digest, repository, manifest }
}

/** No component of a repository's name begins with `_`, so the first one that does ends the name. */
function parseInRepository(key: string): ParsedKey {
  const [, repository = '', folder = '', rest = ''] = /^repositories\/(.+?)\/(_[a-z]+)\/(.+)$/.exec(key) ?? []
  if (!isRepositoryName(repository)) return UNKNOWN
  const [first = '', second = '', ...more] = rest.split('/')
  if (folder === '_tags') return isTag(rest) ? { kind: 'tag', repository, tag: rest } : UNKNOWN
  if (more.length > 0) return UNKNOWN
  switch (folder) {
    case '_manifests': {
      const digest = digestAt(rest, '/')
      return digest === null ? UNKNOWN : { kind: 'manifest', repository, digest }
    }
    case '_tagged': {
      const digest = digestAt(first, '-')
      return digest === null || !isTag(second) ? UNKNOWN : { kind: 'tagged', repository, digest, tag: second }
    }
    case '_referrers': {
      const [subject, referrer] = [digestAt(first, '-'), digestAt(second, '-')]
      return subject === null || referrer === null ? UNKNOWN : { kind: 'referrer', repository, subject, referrer }
    }
    case '_history': {
      const [, end = ''] = /^\d{16}-(.+)$/.exec(second) ?? []
      return isTag(first) && (end === 'deleted' || digestAt(end, '-') !== null) ? { kind: 'history' } : UNKNOWN
    }
    default:
      return UNKNOWN
  }
}

/** @param rest of the key, after `accounts/` */
function parseAccount(rest: string): ParsedKey {
  const [folder = '', first = '', second = '', ...more] = rest.split('/')
  if (folder === 'public') {
    const [, name = ''] = /^public\/(.+)!$/.exec(rest) ?? []
    return isRepositoryName(name) ? { kind: 'account-hint', of: catalogKey(name) } : UNKNOWN
  }
  if (more.length > 0) return UNKNOWN
  switch (folder) {
    case 'namespaces':
      return isNamespaceName(first) && second === '' ? { kind: 'account' } : UNKNOWN
    case 'tokens':
      return isTokenId(first) && second === '' ? { kind: 'token', id: first } : UNKNOWN
    case 'token-uses':
      return isTokenId(first) && second === '' ? { kind: 'account-hint', of: accessTokenKey(first) } : UNKNOWN
    case 'tokens-of':
      return isNamespaceName(first) && isTokenId(second)
        ? { kind: 'account-hint', of: accessTokenKey(second) }
        : UNKNOWN
    case 'members':
      return isNamespaceName(first) && isNamespaceName(second)
        ? { kind: 'member', organisation: first, user: second }
        : UNKNOWN
    case 'memberships':
      return isNamespaceName(first) && isNamespaceName(second)
        ? { kind: 'account-hint', of: membersPrefix(second) + first }
        : UNKNOWN
    case 'trust-rules':
      return isNamespaceName(first) && second !== '' ? { kind: 'trust-rule', namespace: first, id: second } : UNKNOWN
    case 'public-by-default':
      return isNamespaceName(first) && second !== '' ? { kind: 'account' } : UNKNOWN
    case 'trusted-by':
      return isNamespaceName(second) ? { kind: 'account' } : UNKNOWN
    case 'audit':
      return second !== '' ? { kind: 'account' } : UNKNOWN
    default:
      return UNKNOWN
  }
}

function isTokenId(text: string): boolean {
  return /^[0-9A-Za-z]{16}$/.test(text)
}

function digestAt(text: string, separator: '/' | '-'): Digest | null {
  const digest = text.replace(separator, ':')
  return isDigest(digest) && !text.includes(':') ? digest : null
}
