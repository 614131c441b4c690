import { InvalidArgumentError } from 'commander'

import { ACTIONS, isRepositoryPattern, ROLES, type Action, type Grant, type Role } from '../../auth/permission.ts'
import { isNamespaceName, type NamespaceName } from '../../oci/namespace.ts'
import { isTag, type Tag } from '../../oci/reference.ts'
import { isRepositoryName, type RepositoryName } from '../../oci/repository.ts'

// Each is called by commander, which says which argument or option was wrong before what these throw. Names are checked
// here because they become components of a URL, and a wrong one would make another URL.

/** @throws {InvalidArgumentError} */
export function parseNamespace(text: string): NamespaceName {
  if (isNamespaceName(text)) return text
  throw new InvalidArgumentError('It is to be lowercase letters and digits, with . _ or - between them.')
}

/** @throws {InvalidArgumentError} */
export function parseRepository(text: string): RepositoryName {
  if (isRepositoryName(text)) return text
  throw new InvalidArgumentError('It is to be a repository such as acme/app, without a tag or a registry.')
}

/** @throws {InvalidArgumentError} */
export function parseTagName(text: string): Tag {
  if (isTag(text)) return text
  throw new InvalidArgumentError('It is to be a tag such as v1.')
}

/**
 * An id of a token or a trust rule.
 *
 * @throws {InvalidArgumentError}
 */
export function parseId(text: string): string {
  if (/^[0-9A-Za-z-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('It is to be an id as the list shows it.')
}

/**
 * `acme/*:pull,push`, added to what earlier options gave.
 *
 * @throws {InvalidArgumentError}
 */
export function addScope(text: string, earlier: readonly Grant[] = []): readonly Grant[] {
  const [, repositories = '', actions = ''] = /^([^:]+):([^:]+)$/.exec(text) ?? []
  if (!isRepositoryPattern(repositories))
    throw new InvalidArgumentError('It is to be repositories and actions, such as acme/*:pull,push or *:pull.')
  return [...earlier, { repositories, actions: parseActions(actions) }]
}

/** @throws {InvalidArgumentError} */
export function parseActions(text: string): readonly Action[] {
  return [...new Set(text.split(','))].map((name) => oneOf(ACTIONS, name))
}

/**
 * A name of a repository, or a beginning of one with `*` after it, added to what earlier options gave.
 *
 * @throws {InvalidArgumentError}
 */
export function addPattern(text: string, earlier: readonly string[] = []): readonly string[] {
  if (isRepositoryPattern(text)) return [...earlier, text]
  throw new InvalidArgumentError('It is to be a repository, or a beginning of one with * after it, such as acme/*.')
}

/**
 * `acme/app=reader`, added to what earlier options gave.
 *
 * @throws {InvalidArgumentError}
 */
export function addRepositoryRole(
  text: string,
  earlier: Readonly<Record<string, Role>> = {},
): Readonly<Record<string, Role>> {
  const [name, role] = pairIn(text, 'acme/app=reader')
  return addOnce(earlier, parseRepository(name), oneOf(ROLES, role))
}

/**
 * `repository=acme/app`, added to what earlier options gave.
 *
 * @throws {InvalidArgumentError}
 */
export function addClaim(text: string, earlier: Readonly<Record<string, string>> = {}) {
  const [name, value] = pairIn(text, 'repository=acme/app')
  return addOnce(earlier, name, value)
}

function pairIn(text: string, example: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.+)$/su.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError(`It is to be written as ${example}.`)
  return [name, value]
}

function addOnce<T>(earlier: Readonly<Record<string, T>>, name: string, value: T): Readonly<Record<string, T>> {
  if (Object.hasOwn(earlier, name)) throw new InvalidArgumentError(`There is another one for ${name}.`)
  return { ...earlier, [name]: value }
}

function oneOf<T extends string>(choices: readonly T[], text: string): T {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new InvalidArgumentError(`"${text}" is none of ${choices.join(', ')}.`)
  return found
}

const KNOWN_ISSUERS: Readonly<Record<string, string>> = {
  github: 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.com',
}

/**
 * An issuer as it writes itself, or a short name of a well-known one.
 *
 * @throws {InvalidArgumentError}
 */
export function parseIssuer(text: string): string {
  const known = Object.hasOwn(KNOWN_ISSUERS, text) ? KNOWN_ISSUERS[text] : undefined
  if (known !== undefined) return known
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text
  throw new InvalidArgumentError('It is to be github, gitlab or an address such as https://login.example.com.')
}
