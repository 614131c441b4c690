import type { Command } from 'commander'

import { whoAmI } from '../../routes/api/schemas.ts'
import { createApiClient } from './api-client.ts'
import { addCommand, type CommonOptions } from './define-command.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { loginFile, readLogins, writeLogins } from './login-file.ts'
import { setting, type Login } from './login.ts'
import { hostOf, parseRegistryAddress, type RegistryAddress } from './registry-address.ts'
import { scopesText } from './scopes-text.ts'
import { jsonText, openSession } from './session.ts'
import { facts } from './table.ts'
import type { Terminal } from './terminal.ts'

interface LoginOptions extends CommonOptions {
  readonly username?: string
  readonly passwordStdin?: true
}

/** `login`, `logout` and `whoami`. */
export function addLoginCommands(program: Command, terminal: Terminal): void {
  addCommand(
    program,
    'login',
    'Logs in to a registry with a token, which is kept for later commands',
    'login localhost:5000 --username admin',
    'login registry.example.com --username alice --password-stdin < token.txt',
  )
    .argument('[registry]', 'such as localhost:5000 or https://registry.example.com', parseRegistryAddress)
    .option('-u, --username <name>', 'a user, or an organisation whose robot the token is of')
    .option('--password-stdin', 'read the token from standard input')
    .action((registry: RegistryAddress | undefined, options: LoginOptions) => logIn(terminal, registry, options))

  addCommand(program, 'logout', 'Forgets the token of a registry; to end the token, revoke it', 'logout localhost:5000')
    .argument('[registry]', 'the one logged in to last unless given', parseRegistryAddress)
    .action((registry: RegistryAddress | undefined, options: CommonOptions) => {
      logOut(terminal, registry ?? options.registry, options)
    })

  addCommand(program, 'whoami', 'Tells as whom you are logged in, and what your token is for', 'whoami').action(
    async (options: CommonOptions) => {
      const session = openSession(terminal, options, 'tell who you are')
      session.show(
        await session.request('GET', '/whoami', whoAmI),
        ({ name, kind, administrator, token, organisations }) =>
          facts({
            name,
            kind,
            administrator: administrator ? 'yes' : 'no',
            // The operator's token has no record, and neither have those of other issuers.
            ...(token === null
              ? {}
              : {
                  token: `${token.name} (${token.id})`,
                  scopes: scopesText(token.scopes),
                  expires: token.expiresAt ?? 'never',
                }),
            organisations: organisations.map((one) => `${one.name} (${one.role ?? 'some repositories'})`).join(', '),
          }),
      )
    },
  )
}

async function logIn(terminal: Terminal, argument: RegistryAddress | undefined, options: LoginOptions): Promise<void> {
  const registry = registryToLogInTo(terminal, argument ?? options.registry)
  const host = hostOf(registry)
  const logins = readLogins(terminal) // a file that cannot be used is found before a token is asked for
  const login = await askForLogin(terminal, host, options)
  const doing = `log in as "${login.username}"`
  const answer = await createApiClient({ registry, login }, doing).request('GET', '/whoami', whoAmI)
  const others = logins.registries.filter((stored) => stored.registry !== registry)
  writeLogins(terminal, { current: registry, registries: [...others, { registry, ...login }] })
  if (options.json) terminal.print(jsonText(answer.json))
  else terminal.print(`Logged in to ${host} as ${answer.value.name}; the token is kept in ${loginFile(terminal)}`)
}

function registryToLogInTo(terminal: Terminal, named: RegistryAddress | undefined): RegistryAddress {
  if (named !== undefined) return named
  const variable = setting(terminal, 'ROADSTEAD_REGISTRY')
  const known = variable === null ? readLogins(terminal).current : parseRegistryAddress(variable)
  if (known !== null) return known
  throw new CommandFailure('Cannot log in: name the registry, as in roadstead login localhost:5000', EXIT.usage)
}

async function askForLogin(terminal: Terminal, host: string, options: LoginOptions): Promise<Login> {
  const nobody = (what: string) =>
    new CommandFailure(`Cannot log in to ${host}: there is no terminal to ask at (${what})`, EXIT.usage)
  if (options.passwordStdin && options.username === undefined)
    throw new CommandFailure('Cannot read the token from standard input: --username is missing', EXIT.usage)
  const username = (options.username ?? (await terminal.ask(`Username at ${host}: `, { secret: false })))?.trim()
  if (username === undefined) throw nobody('--username')
  if (username === '' || username.includes(':'))
    throw new CommandFailure(`Cannot log in as "${username}": that is no name of a user`, EXIT.usage)
  const token = options.passwordStdin
    ? await terminal.readInput()
    : await terminal.ask(`Token of ${username} (it is not shown): `, { secret: true })
  if (token === null) throw nobody('--password-stdin')
  if (token.trim() === '') throw new CommandFailure(`Cannot log in as "${username}": the token is empty`, EXIT.usage)
  return { username, token: token.trim() }
}

function logOut(terminal: Terminal, named: RegistryAddress | undefined, options: CommonOptions): void {
  const { current, registries } = readLogins(terminal)
  const registry = named ?? current
  if (registry === null || !registries.some((stored) => stored.registry === registry)) {
    const where = registry === null ? '' : ` of ${hostOf(registry)}`
    throw new CommandFailure(`Cannot log out${where}: you are not logged in`, EXIT.login)
  }
  writeLogins(terminal, {
    current: current === registry ? null : current,
    registries: registries.filter((stored) => stored.registry !== registry),
  })
  terminal.print(options.json ? jsonText({ registry }) : `Logged out of ${hostOf(registry)}`)
}
