import { CommandFailure, EXIT } from './failure.ts'
import { readLogins } from './login-file.ts'
import { parseRegistryAddress, type RegistryAddress } from './registry-address.ts'
import type { Terminal } from './terminal.ts'

/** What is sent with each request. */
export interface Login {
  readonly username: string
  readonly token: string
}

/** Where a command goes, and as whom; `null` for nobody. */
export interface Target {
  readonly registry: RegistryAddress
  readonly login: Login | null
}

/**
 * The registry named with the command, else in the environment, else the one that was logged in to last; with the
 * environment's login, else the one kept for it.
 *
 * @param doing as in "Cannot <doing>: the reason"
 * @throws {CommandFailure} when there is no registry, or the environment or the file of logins is wrong
 */
export function findTarget(terminal: Terminal, named: RegistryAddress | undefined, doing: string): Target {
  const variable = setting(terminal, 'ROADSTEAD_REGISTRY')
  const fromEnvironment = variable === null ? null : parseRegistryAddress(variable)
  const chosen = named ?? fromEnvironment
  // A token of the environment is for the registry named there, and for no other.
  const login = fromEnvironment === null || chosen === fromEnvironment ? environmentLogin(terminal) : null
  if (chosen !== null && login !== null) return { registry: chosen, login }

  const { current, registries } = readLogins(terminal)
  const registry = chosen ?? current
  if (registry === null)
    throw new CommandFailure(`Cannot ${doing}: you are not logged in (roadstead login REGISTRY)`, EXIT.login)
  return { registry, login: login ?? registries.find((stored) => stored.registry === registry) ?? null }
}

function environmentLogin(terminal: Terminal): Login | null {
  const username = setting(terminal, 'ROADSTEAD_USERNAME')
  const token = setting(terminal, 'ROADSTEAD_TOKEN')
  if (username !== null && token !== null) return { username, token }
  if (username === null && token === null) return null
  const [set, missing] = username === null ? ['TOKEN', 'USERNAME'] : ['USERNAME', 'TOKEN']
  throw new CommandFailure(`Cannot use ROADSTEAD_${set}: ROADSTEAD_${missing} is not set`, EXIT.usage)
}

/** `null` for one that is not set, or empty. */
export function setting({ env }: Terminal, name: string): string | null {
  const value = env[name]
  return value === undefined || value === '' ? null : value
}
