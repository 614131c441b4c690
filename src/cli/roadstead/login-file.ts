import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'

import * as z from 'zod'

import { errorCode, firstLine } from '../../node/failure.ts'
import { CommandFailure } from './failure.ts'
import { parseRegistryAddress, type RegistryAddress } from './registry-address.ts'
import type { Terminal } from './terminal.ts'

export interface StoredLogin {
  readonly registry: RegistryAddress
  readonly username: string
  readonly token: string
}

/** What is kept between two commands. */
export interface Logins {
  /** The registry that commands are for which name none. */
  readonly current: RegistryAddress | null
  readonly registries: readonly StoredLogin[]
}

const OTHERS = 0o077
const address = z.string().transform(parseRegistryAddress)
const fileSchema = z.object({
  current: address.nullable(),
  registries: z.array(z.object({ registry: address, username: z.string(), token: z.string() })),
})

/** Where logins are kept. https://specifications.freedesktop.org/basedir-spec/0.8/ */
export function loginFile({ env, platform, homeFolder }: Terminal): string {
  const named = platform === 'win32' ? env['APPDATA'] : env['XDG_CONFIG_HOME']
  const usual = platform === 'win32' ? join(homeFolder, 'AppData', 'Roaming') : join(homeFolder, '.config')
  return join(named !== undefined && isAbsolute(named) ? named : usual, 'roadstead', 'config.json')
}

/** @throws {CommandFailure} when the file cannot be read, or others can read it, or it is something else */
export function readLogins(terminal: Terminal): Logins {
  const path = loginFile(terminal)
  const text = readPrivate(path, terminal.platform)
  if (text === null) return { current: null, registries: [] }
  try {
    return fileSchema.parse(JSON.parse(text))
  } catch {
    // What the parsers say may quote a token.
    throw new CommandFailure(`Cannot read "${path}": it is not what "roadstead login" writes (remove it, and log in)`)
  }
}

function readPrivate(path: string, platform: NodeJS.Platform): string | null {
  try {
    const mode = statSync(path).mode
    // Windows keeps access elsewhere, and AppData is the user's own.
    if (platform !== 'win32' && (mode & OTHERS) !== 0)
      throw new CommandFailure(`Cannot use "${path}": others can read the tokens in it (chmod 600 "${path}")`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    if (errorCode(error) === 'ENOENT') return null
    throw new CommandFailure(`Cannot read "${path}": ${firstLine(error)}`)
  }
}

/**
 * Readable by its owner alone, and whole at any moment.
 *
 * @throws {CommandFailure} when it cannot be written
 */
export function writeLogins(terminal: Terminal, logins: Logins): void {
  const path = loginFile(terminal)
  const fresh = `${path}.${randomUUID()}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    chmodSync(dirname(path), 0o700)
    writeFileSync(fresh, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw new CommandFailure(`Cannot write "${path}": ${errorCode(error) ?? firstLine(error)}`)
  }
}
