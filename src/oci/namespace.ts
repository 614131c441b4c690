import { RegistryError } from './errors.ts'
import type { RepositoryName } from './repository.ts'

const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/
const MAX_NAME_LENGTH = 64

/** The first component of a repository's name: of a user, or of an organisation. */
export type NamespaceName = string & { readonly __brand: 'NamespaceName' }

/** @throws {RegistryError} `NAMESPACE_INVALID` */
export function parseNamespaceName(text: string): NamespaceName {
  if (!isNamespaceName(text)) throw new RegistryError('NAMESPACE_INVALID', { detail: { name: text.slice(0, 100) } })
  return text
}

export function isNamespaceName(text: string): text is NamespaceName {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text)
}

/** Of whatever length: there is no namespace of a name that is too long. */
export function namespaceOf(repository: RepositoryName): NamespaceName {
  const [first = ''] = repository.split('/')
  return first as NamespaceName
}
