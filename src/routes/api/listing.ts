import { nextPageLink, parsePage } from '../../http/pagination.ts'
import type { ApiCall } from './api-call.ts'

/** Each entry may cost a read. */
const MAX_API_ENTRIES = 100

export interface ApiPage {
  /** The page begins after this one; '' for the first page. */
  readonly after: string
  readonly limit: number
}

/** @throws {RegistryError} `PAGINATION_NUMBER_INVALID` */
export function parseApiPage({ url }: ApiCall): ApiPage {
  const { limit, last } = parsePage(url.searchParams)
  return { after: last, limit: Math.max(1, Math.min(limit, MAX_API_ENTRIES)) }
}

/** @param last where the next page goes on; `undefined` when there is none */
export function listing({ url }: ApiCall, { limit }: ApiPage, items: readonly unknown[], last?: string): Response {
  const headers = last === undefined ? {} : { Link: nextPageLink(url, limit, last) }
  return Response.json({ items }, { headers })
}
