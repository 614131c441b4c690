import { Option, type Command } from 'commander'

import type { Grant } from '../../auth/permission.ts'
import { isNamespaceName, type NamespaceName } from '../../oci/namespace.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { addScope, parseId, parseNamespace } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { momentOf, parseExpiry, type When } from './moments.ts'
import { scopesText } from './scopes-text.ts'
import { openSession, type Session } from './session.ts'
import { table } from './table.ts'
import { harmless, type Terminal } from './terminal.ts'

interface TokenOptions extends CommonOptions {
  readonly for?: NamespaceName
}

interface NewTokenOptions extends TokenOptions {
  readonly name: string
  readonly scope?: readonly Grant[]
  readonly expires?: When | 'never'
}

const USUAL_SCOPES: readonly Grant[] = [{ repositories: '*', actions: ['pull', 'push'] }]

/** `token create|ls|revoke`. */
export function addTokenCommands(program: Command, terminal: Terminal): void {
  const token = addGroup(program, 'token', 'Tokens of users, and of robots of organisations', 'token ls')

  addCommand(
    token,
    'create',
    'Makes a token, and prints nothing else on standard output. It is for no more than your own is',
    'token create --name laptop',
    "token create --for acme --name ci --scope 'acme/*:pull,push' --expires 30d > token.txt",
  )
    .addOption(ownerOption())
    .requiredOption('--name <name>', 'what it is for, in a few words')
    .option('--scope <repositories:actions>', 'what it may do (repeatable; "*:pull,push" unless given)', addScope)
    .option(
      '--expires <when>',
      'after 30d (m, h, d, w), at 2026-12-31 (0:00 UTC), or never (unless given)',
      parseExpiry,
    )
    .action((options: NewTokenOptions) => createToken(terminal, options))

  addCommand(token, 'ls', 'Lists tokens, which cannot be shown again', 'token ls', 'token ls --for acme')
    .addOption(ownerOption())
    .action(async (options: TokenOptions) => {
      const session = openSession(terminal, options, 'list tokens')
      const path = `/namespaces/${ownerOf(session, options)}/tokens`
      session.show(await session.list(path, schemas.token), (tokens) =>
        table(
          ['id', 'name', 'scopes', 'expires', 'created', 'last used'],
          tokens.map(({ id, name, scopes, expiresAt, createdAt, lastUsedAt }) => [
            id,
            name,
            scopesText(scopes),
            expiresAt ?? 'never',
            createdAt,
            lastUsedAt ?? 'never',
          ]),
        ),
      )
    })

  addCommand(
    token,
    'revoke',
    'Ends a token; what was made from it ends within minutes',
    'token revoke 0123456789abcdef',
  )
    .argument('<id>', 'of the token, as token ls shows it', parseId)
    .addOption(ownerOption())
    .action(async (id: string, options: TokenOptions) => {
      const session = openSession(terminal, options, `revoke token "${id}"`)
      const path = `/namespaces/${ownerOf(session, options)}/tokens/${id}`
      session.show(await session.remove(path), () => `Revoked token ${id}`)
    })
}

async function createToken(terminal: Terminal, options: NewTokenOptions): Promise<void> {
  const { name, scope: scopes = USUAL_SCOPES, expires = 'never' } = options
  const session = openSession(terminal, options, `make token "${harmless(name)}"`)
  const owner = ownerOf(session, options)
  const expiresAt = expires === 'never' ? null : momentOf(expires, terminal.now(), 1)
  const body = { name, scopes, expiresAt }
  const answer = await session.request('POST', `/namespaces/${owner}/tokens`, schemas.createdToken, body)
  const { id } = answer.value
  terminal.note(
    `Token ${id} of ${owner}, for ${scopesText(scopes)}, expires ${expiresAt ?? 'never'}. It is not shown again.`,
  )
  session.show(answer, ({ token }) => token)
}

function ownerOption(): Option {
  return new Option('--for <name>', 'the user or the organisation that it is of; you unless given').argParser(
    parseNamespace,
  )
}

/** @throws {CommandFailure} when whoever is logged in can have no tokens */
function ownerOf({ login }: Session, options: TokenOptions): NamespaceName {
  if (options.for !== undefined) return options.for
  if (isNamespaceName(login.username)) return login.username
  throw new CommandFailure(`Cannot tell whose tokens: "${login.username}" is no name of a user (use --for)`, EXIT.usage)
}
