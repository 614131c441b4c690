import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ReindexPoint } from '../maintenance/reindex-tags.ts'
import { errorCode, StartFailure } from '../node/failure.ts'
import { isTag } from '../oci/reference.ts'
import { isRepositoryName } from '../oci/repository.ts'
import { TAG_INDEX_TTL_SECONDS } from '../storage/tag-index.ts'

/** Remembers in a file how far a run has come, so that the next one can go on. */
export interface ReindexState {
  /** Where the run that was broken off can go on; `null` for none. */
  readonly from: ReindexPoint | null
  save(point: ReindexPoint): void
  /** All is done. */
  remove(): void
}

/**
 * What an entry says vanishes after a day, so a state of a run that began before counts for nothing; and neither does
 * one of other stores.
 *
 * @param name of the stores
 */
export function openReindexState(path: string, name: string, now: Date): ReindexState {
  const found = read(path)
  const age = now.getTime() - Date.parse(String(found['begun']))
  const usable = found['name'] === name && age < TAG_INDEX_TTL_SECONDS * 1000
  const begun = usable ? String(found['begun']) : now.toISOString()
  return {
    from: usable ? pointOf(found) : null,
    save(point) {
      try {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(`${path}.new`, `${JSON.stringify({ name, begun, ...point })}\n`)
        renameSync(`${path}.new`, path)
      } catch (error) {
        throw new StartFailure(`Cannot write "${path}": ${errorCode(error) ?? String(error)} (choose another: --state)`)
      }
    },
    remove() {
      rmSync(path, { force: true })
    },
  }
}

function pointOf({ repository, tag }: Record<string, unknown>): ReindexPoint | null {
  if (typeof repository !== 'string' || !isRepositoryName(repository)) return null
  return { repository, tag: typeof tag === 'string' && isTag(tag) ? tag : null }
}

function read(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch {
    return {} // none, or none of ours: all is indexed
  }
}
