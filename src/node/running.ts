import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KvRestSettings } from '../storage/kv/kv-rest-tag-index.ts'
import type { S3Settings } from './store.ts'

/** What a running registry tells the commands of the same user: where it can be reached, and with which keys. */
export interface Running {
  /** KV, see maintenance-door.ts. */
  readonly door: KvRestSettings
  /** Of the storage. */
  readonly endpoint: string
  readonly bucket: string
  /** The embedded store; `null` for an external storage, whose keys are not written down. */
  readonly s3: S3Settings | null
}

/** In the data folder, which is the registry's alone. Only its owner can read it. */
export function writeRunning(data: string, running: Running): void {
  const path = pathIn(data)
  writeFileSync(`${path}.new`, `${JSON.stringify(running)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** `null` when there is none. One that was killed has left its own behind: whoever reads it must knock at the door. */
export function readRunning(data: string): Running | null {
  try {
    return JSON.parse(readFileSync(pathIn(data), 'utf8')) as Running
  } catch {
    return null
  }
}

export function removeRunning(data: string): void {
  rmSync(pathIn(data), { force: true })
}

function pathIn(data: string): string {
  return join(data, 'running.json')
}
