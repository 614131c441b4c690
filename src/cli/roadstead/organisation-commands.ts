import type { Command } from 'commander'

import type { NamespaceName } from '../../oci/namespace.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { parseNamespace } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
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

interface NewOrganisationOptions extends CommonOptions {
  readonly owner?: NamespaceName
  readonly visibility?: Visibility
}

interface ChangeOptions extends CommonOptions {
  readonly visibility: Visibility
}

/** `org add|rm|ls|set`. */
export function addOrganisationCommands(program: Command, terminal: Terminal): void {
  const org = addGroup(program, 'org', 'Organisations', 'org ls')

  addCommand(org, 'add', 'Adds an organisation, for administrators', 'org add acme --owner alice')
    .argument('<name>', 'of the organisation, and of its namespace', parseNamespace)
    .option('--owner <user>', 'the user who is its first owner', parseNamespace)
    .addOption(visibilityOption())
    .action(async (name: NamespaceName, options: NewOrganisationOptions) => {
      const { owner, visibility } = options
      const session = openSession(terminal, options, `add organisation "${name}"`)
      const body = { name, ...(owner === undefined ? {} : { owner }), ...changeOf(visibility, undefined) }
      const answer = await session.request('POST', '/organisations', schemas.namespace, body)
      session.show(answer, (added) => `Added ${describe(added)}`)
    })

  addCommand(
    org,
    'rm',
    'Removes an organisation that has no repositories, with its members, tokens and trust rules, for administrators',
    'org rm acme',
  )
    .argument('<name>', 'of the organisation', parseNamespace)
    .action(async (name: NamespaceName, options: CommonOptions) => {
      const doing = `remove organisation "${name}"`
      await removeNamespace(openSession(terminal, options, doing), { kind: 'organisation', name, doing })
    })

  addCommand(org, 'ls', 'Lists all organisations, for administrators', 'org ls').action(
    async (options: CommonOptions) => {
      await listNamespaces(openSession(terminal, options, 'list organisations'), 'organisation')
    },
  )

  addCommand(org, 'set', 'Changes an organisation, for its owners', 'org set acme --visibility public')
    .argument('<name>', 'of the organisation', parseNamespace)
    .addOption(visibilityOption().makeOptionMandatory())
    .action(async (name: NamespaceName, options: ChangeOptions) => {
      const doing = `change organisation "${name}"`
      const change = changeOf(options.visibility, undefined)
      await changeNamespace(openSession(terminal, options, doing), { kind: 'organisation', name, doing }, change)
    })
}
