import type { RepositoryName } from '../../oci/repository.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { CommandFailure, EXIT } from './failure.ts'
import type { Session } from './session.ts'
import type { Terminal } from './terminal.ts'

/** What is to go, and whether anybody still has to be asked. */
export interface Removal {
  readonly name: RepositoryName
  /** As in "Cannot <doing>: the reason". */
  readonly doing: string
  readonly confirmed: boolean
}

/** Removes a repository, with as many requests as that takes: each removes no more than one request may. */
export async function removeRepository(terminal: Terminal, session: Session, removal: Removal): Promise<void> {
  const { name } = removal
  const path = `/repositories/${name}`
  if (!removal.confirmed) await confirm(terminal, session, removal)
  let answer = await session.request('DELETE', path, schemas.removal)
  for (let requests = 1; !answer.value.done; requests++) {
    if (requests % 10 === 0) terminal.note(`Still removing ${name} …`)
    answer = await session.request('DELETE', path, schemas.removal)
  }
  session.show(answer, () => `Removed repository ${name}`)
}

async function confirm(terminal: Terminal, session: Session, { name, doing }: Removal): Promise<void> {
  await session.request('GET', `/repositories/${name}`, schemas.repository) // nobody is asked about what is not there
  const question = `Remove repository ${name} with all its tags and manifests? It cannot be undone. [y/N] `
  const answer = await terminal.ask(question, { secret: false })
  if (answer === null)
    throw new CommandFailure(`Cannot ${doing}: there is no terminal to ask at (use --yes)`, EXIT.usage)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure(`Cannot ${doing}: you did not say yes`)
}
