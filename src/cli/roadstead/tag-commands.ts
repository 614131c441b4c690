import type { Command } from 'commander'

import type { Tag } from '../../oci/reference.ts'
import type { RepositoryName } from '../../oci/repository.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { parseRepository, parseTagName } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
import { openReading, openSession } from './session.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `tag ls|rm|history`. */
export function addTagCommands(program: Command, terminal: Terminal): void {
  const group = addGroup(program, 'tag', 'Tags of repositories', 'tag ls acme/app')

  addCommand(group, 'ls', 'Lists the tags of a repository', 'tag ls acme/app')
    .argument('<repository>', 'its name', parseRepository)
    .action(async (repository: RepositoryName, options: CommonOptions) => {
      const session = openReading(terminal, options, `list the tags of "${repository}"`)
      session.show(await session.list(`/repositories/${repository}/_tags`, schemas.tag), (tags) =>
        table(
          ['tag', 'digest', 'pushed', 'by'],
          tags.map(({ name, digest, pushedAt, pushedBy }) => [name, digest, pushedAt, pushedBy]),
        ),
      )
    })

  addCommand(group, 'rm', 'Removes a tag; the manifest that it points to stays', 'tag rm acme/app v1')
    .argument('<repository>', 'its name', parseRepository)
    .argument('<tag>', 'its name', parseTagName)
    .action(async (repository: RepositoryName, tag: Tag, options: CommonOptions) => {
      const session = openSession(terminal, options, `remove tag "${repository}:${tag}"`)
      const answer = await session.remove(`/repositories/${repository}/_tags/${tag}`)
      session.show(answer, () => `Removed tag ${repository}:${tag}`)
    })

  addCommand(group, 'history', 'Lists what a tag has pointed to, the newest first', 'tag history acme/app latest')
    .argument('<repository>', 'its name', parseRepository)
    .argument('<tag>', 'its name', parseTagName)
    .action(async (repository: RepositoryName, tag: Tag, options: CommonOptions) => {
      const session = openReading(terminal, options, `list the history of "${repository}:${tag}"`)
      session.show(await session.list(`/repositories/${repository}/_tags/${tag}/_history`, schemas.tagMove), (moves) =>
        table(
          ['pushed', 'by', 'digest'],
          moves.map(({ digest, pushedAt, pushedBy }) => [pushedAt, pushedBy, digest ?? '(removed)']),
        ),
      )
    })
}
