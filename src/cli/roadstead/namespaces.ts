import { Option } from 'commander'
import type * as z from 'zod'

import type { NamespaceName } from '../../oci/namespace.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { CommandFailure } from './failure.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

export type Namespace = z.output<typeof schemas.namespace>
export type Visibility = Namespace['defaultVisibility']
type Kind = Namespace['kind']

const TITLES: Readonly<Record<Kind, string>> = { user: 'a user', organisation: 'an organisation' }

/** Of the repositories that come to be in a namespace. */
export function visibilityOption(): Option {
  return new Option('--visibility <who>', 'of new repositories, when they are first pushed to').choices([
    'private',
    'public',
  ])
}

/** What to ask the API to change; names that are not in it stay as they are. */
export interface NamespaceChange {
  readonly defaultVisibility?: Visibility
  readonly administrator?: boolean
}

/** Without what was not given. */
export function changeOf(visibility: Visibility | undefined, administrator: boolean | undefined): NamespaceChange {
  return {
    ...(visibility === undefined ? {} : { defaultVisibility: visibility }),
    ...(administrator === undefined ? {} : { administrator }),
  }
}

/** Prints all users, or all organisations. */
export async function listNamespaces(session: Session, kind: Kind): Promise<void> {
  session.show(await session.list(`/${kind}s`, schemas.namespace), (found) =>
    table(
      ['name', 'visibility', 'created', 'by', ...(kind === 'user' ? ['administrator'] : [])],
      found.map(({ name, defaultVisibility, createdAt, createdBy, administrator }) => {
        const row = [name, defaultVisibility, createdAt, createdBy]
        return kind === 'user' ? [...row, administrator ? 'yes' : 'no'] : row
      }),
    ),
  )
}

/** The user or the organisation that a command is about. */
export interface Subject {
  readonly kind: Kind
  readonly name: NamespaceName
  /** As in "Cannot <doing>: the reason". */
  readonly doing: string
}

/** Removes a user or an organisation, which must be of that kind: the two share one set of names. */
export async function removeNamespace(session: Session, subject: Subject): Promise<void> {
  const { kind, name } = subject
  await requireKind(session, subject)
  session.show(await session.remove(`/namespaces/${name}`), () => `Removed ${kind} ${name}`)
}

/** Changes a user or an organisation, which must be of that kind. */
export async function changeNamespace(session: Session, subject: Subject, change: NamespaceChange): Promise<void> {
  await requireKind(session, subject)
  session.show(
    await session.request('PATCH', `/namespaces/${subject.name}`, schemas.namespace, change),
    (changed) => `Changed ${describe(changed)}`,
  )
}

async function requireKind(session: Session, { kind, name, doing }: Subject): Promise<void> {
  const { value } = await session.request('GET', `/namespaces/${name}`, schemas.namespace)
  if (value.kind !== kind) throw new CommandFailure(`Cannot ${doing}: ${name} is ${TITLES[value.kind]}`)
}

/** In a line. */
export function describe({ kind, name, administrator, defaultVisibility }: Namespace): string {
  return `${kind} ${name} (${administrator ? 'administrator, ' : ''}new repositories are ${defaultVisibility})`
}
