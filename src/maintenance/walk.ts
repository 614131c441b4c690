import type { ObjectStore } from '../storage/object-store.ts'

const LIST_LIMIT = 1000

/** Every object below `prefix`, in the byte order of the keys, a page in memory at a time. */
export async function* walk(
  objects: ObjectStore,
  prefix: string,
): AsyncGenerator<{ readonly key: string; readonly size: number }> {
  let after = ''
  for (let more = true; more;) {
    const page = await objects.list(prefix, { after, limit: LIST_LIMIT })
    yield* page.objects
    after = page.objects.at(-1)?.key.slice(prefix.length) ?? ''
    more = page.more && after !== ''
  }
}
