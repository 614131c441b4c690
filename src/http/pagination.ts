import { RegistryError } from '../oci/errors.ts'

/** Most entries of one answer; also what an answer holds when the client names no number. */
export const MAX_PAGE_ENTRIES = 1000

export interface PageRequest {
  /** 0 to `MAX_PAGE_ENTRIES`. */
  readonly limit: number
  /** The page begins after this entry, which need not exist; '' for the first page. */
  readonly last: string
}

/**
 * `n` and `last` of a listing.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 *
 * @throws {RegistryError} `PAGINATION_NUMBER_INVALID`
 */
export function parsePage(query: URLSearchParams): PageRequest {
  const n = query.get('n')
  if (n !== null && !/^\d{1,15}$/.test(n)) throw new RegistryError('PAGINATION_NUMBER_INVALID', { detail: { n } })
  return {
    limit: Math.min(n === null ? MAX_PAGE_ENTRIES : Number(n), MAX_PAGE_ENTRIES),
    last: startOf(query.get('last') ?? ''),
  }
}

/**
 * A text that storage takes as the start of a listing, and after which the same names come as after `last`. Names are
 * ASCII from `-` to `z`, and no longer than `MAX_LAST_LENGTH`.
 */
function startOf(last: string): string {
  const [plain = ''] = /^[!-~]*/.exec(last.slice(0, MAX_LAST_LENGTH)) ?? []
  const next = last.slice(plain.length, plain.length + 1)
  return next > '~' ? `${plain}~` : plain
}

const MAX_LAST_LENGTH = 300

/** The `Link` header to the page that follows `last`, on the same path. */
export function nextPageLink(url: URL, limit: number, last: string): string {
  const query = new URLSearchParams(url.search)
  query.set('n', String(limit))
  query.set('last', last)
  return `<${url.pathname}?${query.toString()}>; rel="next"`
}
