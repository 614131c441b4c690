import { describe, expect, test } from 'vitest'

import { parseRepositoryName } from '../../src/oci/repository.ts'
import { Repositories } from '../../src/storage/repositories.ts'
import { textAt, watchedStore } from './support/stores.ts'

test('a repository exists once it was created, and no other does by that', async () => {
  const { store, objects, calls } = watchedStore()
  const repositories = new Repositories(store)
  const app = parseRepositoryName('team/app')
  expect(await repositories.exists(app)).toBe(false)
  await repositories.create(app, new Date('2026-10-01T12:34:56.789Z'))
  calls.length = 0
  expect(await repositories.exists(app)).toBe(true)
  expect(calls).toHaveLength(1)
  for (const other of ['team', 'team/ap', 'team/app2', 'team/app/b', 'team/app-b'])
    expect(await repositories.exists(parseRepositoryName(other))).toBe(false)
  expect([...objects.keys()]).toEqual(['catalog/team/app!'])
  expect(JSON.parse(textAt(objects, 'catalog/team/app!'))).toEqual({ created: '2026-10-01T12:34:56.789Z' })
})

describe('the repositories', () => {
  const NAMES = ['0', 'a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a_b', 'aa', 'b']

  test.each([
    ['', 9, NAMES, false],
    ['', 8, NAMES.slice(0, 8), true],
    ['a', 3, ['a-b', 'a.b', 'a/b'], true],
    ['a/b', 2, ['a/b/c', 'a_b'], true],
    ['a/', 2, ['a/b', 'a/b/c'], true], // no name
    ['a!', 1, ['a-b'], true],
    ['aa', 9, ['b'], false],
    ['b', 9, [], false],
    ['~', 9, [], false],
  ])('after %j, at most %i: %j, more %s', async (last, limit, names, more) => {
    const { store, calls } = watchedStore()
    const repositories = new Repositories(store)
    for (const name of [...NAMES].reverse()) await repositories.create(parseRepositoryName(name), new Date(0))
    await store.put('blobs/sha256/0a', new Uint8Array(1))
    calls.length = 0
    expect(await repositories.list('', last, limit)).toEqual({ names, more })
    expect(calls).toEqual(['list catalog/'])
  })
})
