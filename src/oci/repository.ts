import { RegistryError } from './errors.ts'

const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/

/** Clients cap host and name together at 255; names longer than that alone can never be used. */
const MAX_NAME_LENGTH = 255

/** A repository's name, checked against the spec's grammar. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' }

/**
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 *
 * @throws {RegistryError} `NAME_INVALID`
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (!isRepositoryName(text)) throw new RegistryError('NAME_INVALID', { detail: { name: text.slice(0, 300) } })
  return text
}

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text)
}
