import type { Command } from 'commander'

import type { NamespaceName } from '../../oci/namespace.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { parseNamespace } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
import { CommandFailure, EXIT } from './failure.ts'
import {
  changeNamespace,
  changeOf,
  describe,
  listNamespaces,
  removeNamespace,
  visibilityOption,
  type Visibility,
} from './namespaces.ts'
import { openSession } from './session.ts'
import type { Terminal } from './terminal.ts'

interface UserOptions extends CommonOptions {
  readonly administrator?: boolean
  readonly visibility?: Visibility
}

/** `user add|rm|ls|set`. */
export function addUserCommands(program: Command, terminal: Terminal): void {
  const user = addGroup(program, 'user', 'Users, for administrators', 'user ls')

  addCommand(user, 'add', 'Adds a user, who needs a token to log in', 'user add alice', 'user add root --administrator')
    .argument('<name>', 'their name, and that of their namespace', parseNamespace)
    .option('--administrator', 'who may do everything in this registry')
    .addOption(visibilityOption())
    .action(async (name: NamespaceName, options: UserOptions) => {
      const session = openSession(terminal, options, `add user "${name}"`)
      const body = { name, ...changeOf(options.visibility, options.administrator) }
      const answer = await session.request('POST', '/users', schemas.namespace, body)
      session.show(answer, (added) => `Added ${describe(added)}`)
    })

  addCommand(user, 'rm', 'Removes a user who has no repositories, and all their tokens', 'user rm alice')
    .argument('<name>', 'of the user', parseNamespace)
    .action(async (name: NamespaceName, options: CommonOptions) => {
      const doing = `remove user "${name}"`
      await removeNamespace(openSession(terminal, options, doing), { kind: 'user', name, doing })
    })

  addCommand(user, 'ls', 'Lists all users', 'user ls').action(async (options: CommonOptions) => {
    await listNamespaces(openSession(terminal, options, 'list users'), 'user')
  })

  addCommand(user, 'set', 'Changes a user', 'user set alice --visibility public', 'user set alice --no-administrator')
    .argument('<name>', 'of the user', parseNamespace)
    .option('--administrator', 'let them do everything in this registry')
    .option('--no-administrator', 'let them no longer do that')
    .addOption(visibilityOption())
    .action(async (name: NamespaceName, options: UserOptions) => {
      const doing = `change user "${name}"`
      const change = changeOf(options.visibility, options.administrator)
      if (Object.keys(change).length === 0)
        throw new CommandFailure(`Cannot ${doing}: no option says what to change`, EXIT.usage)
      await changeNamespace(openSession(terminal, options, doing), { kind: 'user', name, doing }, change)
    })
}
