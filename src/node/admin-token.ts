import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createToken } from '../auth/access-token.ts'
import { firstLine, StartFailure } from './failure.ts'

const SECRET_BYTES = 32

/** What the administrator of a registry on this machine logs in with, as `admin`. */
export interface AdminToken {
  readonly text: string
  /** Where it is kept, readable by the owner of the data folder alone. */
  readonly file: string
  /** Whether it was made just now: it is shown once. */
  readonly isNew: boolean
}

/**
 * What a registry on this machine signs tokens with: the storage's own secret may be a short one.
 *
 * @throws {StartFailure} as above
 */
export function openTokenSecret(data: string): string {
  return openSecret(join(data, 'token-secret'), () => randomBytes(SECRET_BYTES).toString('hex')).text
}

/**
 * The token that is kept in the data folder, made when there is none.
 *
 * @throws {StartFailure} when the file cannot be read or written, or is empty
 */
export function openAdminToken(data: string): AdminToken {
  return openSecret(join(data, 'admin-token'), () => createToken('personal').text)
}

function openSecret(file: string, create: () => string): AdminToken {
  try {
    const isNew = !existsSync(file)
    if (isNew) writeFileSync(file, `${create()}\n`, { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
    const text = readFileSync(file, 'utf8').trim()
    if (text === '') throw new StartFailure(`Cannot use the secret in "${file}": the file is empty`)
    return { text, file, isNew }
  } catch (error) {
    if (error instanceof StartFailure) throw error
    throw new StartFailure(`Cannot use the secret in "${file}": ${firstLine(error)}`)
  }
}
