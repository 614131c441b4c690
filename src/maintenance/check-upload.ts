import { UPLOAD_TTL_SECONDS } from '../registry/upload-session.ts'
import { uploadPrefix } from '../storage/keys.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { leak, type Finding } from './finding.ts'
import { walk } from './walk.ts'

/**
 * Every request that continues an upload signs its URL anew, so an upload can outlive its first chunks by far. Its
 * last key has the latest bytes, or ones that were sent again within one such time: after a second one no URL is
 * valid any more.
 */
const DEAD_AFTER_MS = 2 * UPLOAD_TTL_SECONDS * 1000

/**
 * Checks objects of unfinished uploads. They come in the order of their keys, so one session's age is kept.
 *
 * @param now the present
 */
export function createUploadCheck(objects: ObjectStore, now: () => Date) {
  let latest: { readonly sessionId: string; readonly at: Promise<Date | null> } | null = null

  async function lastWritten(sessionId: string): Promise<Date | null> {
    let last: string | null = null
    for await (const { key } of walk(objects, uploadPrefix(sessionId))) last = key
    return last === null ? null : ((await objects.head(last))?.lastModified ?? null)
  }

  return async (key: string, sessionId: string): Promise<readonly Finding[]> => {
    if (latest?.sessionId !== sessionId) latest = { sessionId, at: lastWritten(sessionId) }
    const at = await latest.at
    if (at === null) return []
    const dead = now().getTime() - at.getTime() > DEAD_AFTER_MS
    const detail = `its upload was last continued ${at.toISOString()}`
    return [leak('unfinished-upload', key, detail, dead ? () => objects.delete(key) : undefined)]
  }
}
