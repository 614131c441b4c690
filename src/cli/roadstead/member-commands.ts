import { Option, type Command } from 'commander'

import { ROLES, type Role } from '../../auth/permission.ts'
import type { NamespaceName } from '../../oci/namespace.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { addRepositoryRole, parseNamespace } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { openSession } from './session.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface MemberOptions extends CommonOptions {
  readonly role?: Role
  readonly repository?: Readonly<Record<string, Role>>
}

/** `member add|rm|ls`. */
export function addMemberCommands(program: Command, terminal: Terminal): void {
  const member = addGroup(program, 'member', 'Members of organisations, for their owners', 'member ls acme')

  addCommand(
    member,
    'add',
    'Makes a user a member of an organisation, or changes what they are in it to what is given here',
    'member add acme alice --role writer',
    'member add acme bob --repository acme/app=writer --repository acme/base=reader',
  )
    .argument('<organisation>', 'its name', parseNamespace)
    .argument('<user>', 'their name', parseNamespace)
    .addOption(new Option('--role <role>', 'in all of its repositories; none unless given').choices(ROLES))
    .option('--repository <name=role>', 'more than that in one repository (repeatable)', addRepositoryRole)
    .action(async (organisation: NamespaceName, user: NamespaceName, options: MemberOptions) => {
      const doing = `make "${user}" a member of "${organisation}"`
      const { role = null, repository: repositories = {} } = options
      if (role === null && Object.keys(repositories).length === 0)
        throw new CommandFailure(`Cannot ${doing}: give --role, or --repository, or both`, EXIT.usage)
      const session = openSession(terminal, options, doing)
      const path = `/namespaces/${organisation}/members/${user}`
      const answer = await session.request('PUT', path, schemas.member, { role, repositories })
      session.show(answer, (now) => `${user} is a member of ${organisation}: ${rolesText(now.role, now.repositories)}`)
    })

  addCommand(member, 'rm', 'Ends a membership', 'member rm acme alice')
    .argument('<organisation>', 'its name', parseNamespace)
    .argument('<user>', 'their name', parseNamespace)
    .action(async (organisation: NamespaceName, user: NamespaceName, options: CommonOptions) => {
      const session = openSession(terminal, options, `remove "${user}" from "${organisation}"`)
      const answer = await session.remove(`/namespaces/${organisation}/members/${user}`)
      session.show(answer, () => `Removed ${user} from ${organisation}`)
    })

  addCommand(member, 'ls', 'Lists the members of an organisation', 'member ls acme')
    .argument('<organisation>', 'its name', parseNamespace)
    .action(async (organisation: NamespaceName, options: CommonOptions) => {
      const session = openSession(terminal, options, `list the members of "${organisation}"`)
      session.show(await session.list(`/namespaces/${organisation}/members`, schemas.member), (members) =>
        table(
          ['user', 'role', 'added', 'by', 'repositories'],
          members.map(({ user, role, addedAt, addedBy, repositories }) => [
            user,
            role ?? '-',
            addedAt,
            addedBy,
            rolesText(null, repositories),
          ]),
        ),
      )
    })
}

function rolesText(role: Role | null, repositories: Readonly<Record<string, Role>>): string {
  const single = Object.entries(repositories).map(([name, theirs]) => `${name}=${theirs}`)
  return [role ?? [], single].flat().join(' ')
}
