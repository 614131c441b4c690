import { expect, test } from 'vitest'

import {
  coversGrants,
  grantedActions,
  grantsNamespace,
  isRepositoryPattern,
  type Action,
} from '../../src/auth/permission.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'

function grant(text: string) {
  const [repositories = '', actions = ''] = text.split(':')
  return { repositories, actions: actions.split(',') as Action[] }
}

test.each([
  ['*', true],
  ['acme/*', true],
  ['acme/app-*', true],
  ['acme/app', true],
  ['acme', true],
  ['acme*', true],
  ['', false],
  ['**', false],
  ['a*b', false],
  ['acme/*/x', false],
  ['Acme/*', false],
  ['/x*', false],
  ['acme//*', false],
  ['acme/../*', false],
] as const)('%j is a pattern: %s', (text, want) => {
  expect(isRepositoryPattern(text)).toBe(want)
})

test.each([
  ['*:pull', 'acme/app', ['pull']],
  ['acme/*:pull,push', 'acme/app', ['pull', 'push']],
  ['acme/*:pull', 'acme', []],
  ['acme/*:pull', 'acme-other/app', []],
  ['acme/app:pull', 'acme/app', ['pull']],
  ['acme/app:pull', 'acme/app2', []],
  ['acme/app*:pull', 'acme/app2/x', ['pull']],
  ['acme/app:pull acme/*:push', 'acme/app', ['pull', 'push']],
] as const)('%s gives for %s: %j', (grants, repository, want) => {
  const held = grantedActions(grants.split(' ').map(grant), parseRepositoryName(repository))
  expect([...held]).toEqual(want)
})

test.each([
  ['*:admin', true],
  ['acme/*:admin', true],
  ['acme*:admin', true],
  ['acme/app:admin', false],
  ['acme/a*:admin', false],
  ['*:pull', false],
] as const)('%s is for the namespace acme: %s', (text, want) => {
  expect(grantsNamespace([grant(text)], 'acme', 'admin')).toBe(want)
})

test.each([
  ['*:pull,push', '*:pull', true],
  ['*:pull,push', 'acme/app:push', true],
  ['*:pull', '*:pull,push', false],
  ['acme/*:pull', '*:pull', false],
  ['acme/*:pull', 'acme/app-*:pull', true],
  ['acme/app-*:pull', 'acme/*:pull', false],
  ['acme/app:pull', 'acme/app:pull', true],
  ['acme/app:pull', 'acme/app*:pull', false],
  ['acme/a:pull acme/b:push', 'acme/a:pull acme/b:push', true],
  ['acme/a:pull acme/b:push', 'acme/a:push', false],
] as const)('who holds %s may hand out %s: %s', (held, wanted, want) => {
  expect(coversGrants(held.split(' ').map(grant), wanted.split(' ').map(grant))).toBe(want)
})
