import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { errorCode, StartFailure } from './failure.ts'

/** A registry that was killed a moment ago is gone within this time. */
const LOCK_WAIT_MS = 3_000
const SQLITE_BUSY = 5

/** The data folder, ours alone. */
export interface DataFolder {
  /** Lets others have the folder. The death of this process does the same. */
  release(): void
}

/**
 * Makes the folder if it is not there and takes it for this process: two workerds must not share one store.
 * SQLite's file lock serves as ours because the system drops it when the process dies, however it dies.
 * While another holds the folder, this blocks for up to three seconds.
 *
 * @throws {StartFailure} when the folder cannot be written, or another process has it
 */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true })
    const lock = new DatabaseSync(join(path, 'lock.sqlite'))
    try {
      lock.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}; BEGIN EXCLUSIVE`)
    } catch (error) {
      lock.close()
      throw error
    }
    return {
      release: () => {
        if (lock.isOpen) lock.close()
      },
    }
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) {
      throw new StartFailure(
        `Cannot use data folder "${path}": it is in use by another Roadstead (choose another: --data)`,
      )
    }
    const reason = sqliteCode(error) === null ? errorCode(error) : errorText(error)
    throw new StartFailure(`Cannot use data folder "${path}": it cannot be written (${reason})`)
  }
}

function sqliteCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
