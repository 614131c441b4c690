import { parseDigest, type Digest } from './digest.ts'
import { RegistryError, type ErrorCode } from './errors.ts'

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

export type Tag = string & { readonly __brand: 'Tag' }

/** How a manifest is named in a URL. */
export type Reference =
  { readonly kind: 'tag'; readonly tag: Tag } | { readonly kind: 'digest'; readonly digest: Digest }

/**
 * A text with a colon is a digest, anything else a tag: a colon is in no tag.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 *
 * @param noTag the code for what can be no tag: a reader finds nothing there, a writer is told
 * @throws {RegistryError} `noTag`, or `DIGEST_INVALID`
 */
export function parseReference(text: string, noTag: ErrorCode): Reference {
  return text.includes(':')
    ? { kind: 'digest', digest: parseDigest(text) }
    : { kind: 'tag', tag: parseTag(text, noTag) }
}

/** @throws {RegistryError} `noTag` */
export function parseTag(text: string, noTag: ErrorCode = 'TAG_INVALID'): Tag {
  if (!isTag(text)) throw new RegistryError(noTag, { detail: { tag: text.slice(0, 200) } })
  return text
}

export function isTag(text: string): text is Tag {
  return TAG.test(text)
}
