import { expect, test } from 'vitest'

import { formatScopes, MAX_SCOPES, parseScopes } from '../../src/auth/scope.ts'

test.each([
  [[], ''],
  [[''], ''],
  [['repository:a/b:pull'], 'repository:a/b:pull'],
  [['repository:a/b:pull,push'], 'repository:a/b:pull,push'],
  [['repository:a:pull', 'repository:b:push'], 'repository:a:pull repository:b:push'],
  [['repository:a:pull repository:b:push'], 'repository:a:pull repository:b:push'],
  [['repository:a:pull', 'repository:a:push,pull'], 'repository:a:pull,push'], // one resource, one scope
  [['repository(plugin):a:pull'], 'repository:a:pull'],
  [['repository:localhost:5000/a:pull'], 'repository:localhost:5000/a:pull'], // the name may hold colons
  [['registry:catalog:*'], 'registry:catalog:*'],
  [['repository:a:pull,fly,'], 'repository:a:pull'],
  [['repository:a:'], 'repository:a:'],
  [['repository:a'], ''],
  [['::'], ''],
  [['repository::pull'], ''],
  [['Repository:a:pull'], ''],
  [[`repository:${'a'.repeat(256)}:pull`], ''],
] as const)('%j asks for %j', (texts, want) => {
  expect(formatScopes(parseScopes(texts))).toBe(want)
})

test(`what comes after ${MAX_SCOPES} resources is left out, and not an error`, () => {
  const many = Array.from({ length: 10_000 }, (_, index) => `repository:a/${index}:pull`)
  expect(parseScopes([many.join(' ')])).toHaveLength(MAX_SCOPES)
  expect(parseScopes(many).at(-1)).toEqual({ type: 'repository', name: `a/${MAX_SCOPES - 1}`, actions: ['pull'] })
})
