import type { Digest } from '../oci/digest.ts'

/** Content under a digest never changes, so the digest is its entity tag. */
export function etagOf(digest: Digest): string {
  return `"${digest}"`
}

/**
 * Whether the client has this already: one of the tags in `If-None-Match` is this one, weak or strong.
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function clientHas(digest: Digest, headers: Headers): boolean {
  const tags = (headers.get('If-None-Match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etagOf(digest)) || tags.includes('*')
}
