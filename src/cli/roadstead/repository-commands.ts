import { Argument, type Command } from 'commander'

import type { RepositoryName } from '../../oci/repository.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { parseRepository } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
import { removeRepository } from './remove-repository.ts'
import { openReading, openSession } from './session.ts'
import { facts, table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface RemoveOptions extends CommonOptions {
  readonly yes?: true
}

/** `repo ls|show|set-visibility|describe|rm`. */
export function addRepositoryCommands(program: Command, terminal: Terminal): void {
  const repo = addGroup(program, 'repo', 'Repositories', 'repo ls')

  addCommand(repo, 'ls', 'Lists the repositories that you may pull from', 'repo ls').action(
    async (options: CommonOptions) => {
      const session = openReading(terminal, options, 'list repositories')
      session.show(await session.list('/repositories', schemas.repository), (found) =>
        table(
          ['name', 'visibility', 'created', 'description'],
          found.map(({ name, visibility, createdAt, description }) => [name, visibility, createdAt, description]),
        ),
      )
    },
  )

  addCommand(repo, 'show', 'Tells about a repository', 'repo show acme/app')
    .argument('<name>', 'of the repository', parseRepository)
    .action(async (name: RepositoryName, options: CommonOptions) => {
      const session = openReading(terminal, options, `show repository "${name}"`)
      session.show(await session.request('GET', `/repositories/${name}`, schemas.repository), (found) =>
        facts({
          name: found.name,
          visibility: found.visibility,
          created: found.createdAt,
          description: found.description,
        }),
      )
    })

  addCommand(
    repo,
    'set-visibility',
    'Lets everybody pull from a repository, or only those who may',
    'repo set-visibility acme/app public',
  )
    .argument('<name>', 'of the repository', parseRepository)
    .addArgument(new Argument('<visibility>', 'who may pull').choices(['private', 'public']))
    .action(async (name: RepositoryName, visibility: string, options: CommonOptions) => {
      const session = openSession(terminal, options, `make repository "${name}" ${visibility}`)
      const answer = await session.request('PATCH', `/repositories/${name}`, schemas.repository, { visibility })
      session.show(answer, (changed) => `${name} is ${changed.visibility}`)
    })

  addCommand(repo, 'describe', 'Sets what a repository says about itself', "repo describe acme/app 'Our app'")
    .argument('<name>', 'of the repository', parseRepository)
    .argument('<text>', 'the description; an empty one removes it')
    .action(async (name: RepositoryName, description: string, options: CommonOptions) => {
      const session = openSession(terminal, options, `describe repository "${name}"`)
      const answer = await session.request('PATCH', `/repositories/${name}`, schemas.repository, { description })
      session.show(answer, () => `Described ${name}`)
    })

  addCommand(
    repo,
    'rm',
    'Removes a repository with all its tags and manifests',
    'repo rm acme/app',
    'repo rm acme/app --yes',
  )
    .argument('<name>', 'of the repository', parseRepository)
    .option('--yes', 'do not ask')
    .action(async (name: RepositoryName, options: RemoveOptions) => {
      const doing = `remove repository "${name}"`
      const session = openSession(terminal, options, doing)
      await removeRepository(terminal, session, { name, doing, confirmed: options.yes === true })
    })
}
