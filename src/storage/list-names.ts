import type { ListPage, ObjectStore } from './object-store.ts'

export interface NamesPage {
  /** In byte order. */
  readonly names: readonly string[]
  readonly more: boolean
}

/** What follows `prefix` in the keys of one page. One listing. */
export async function listNames(objects: ObjectStore, prefix: string, page: ListPage): Promise<NamesPage> {
  const listing = await objects.list(prefix, page)
  return { names: listing.objects.map(({ key }) => key.slice(prefix.length)), more: listing.more }
}
