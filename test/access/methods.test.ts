import { beforeAll, describe, expect, test } from 'vitest'

import { outcome } from '../suites/client.ts'
import { ROUTES } from './support/samples.ts'
import { asLogin, createWorld, type World } from './support/world.ts'

/** A method that a path does not have: said to everybody, before anything is looked at. */

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'] as const
const COMPONENTS: Readonly<Record<string, string>> = {
  name: 'acme/private',
  namespace: 'acme',
  tag: 'v1',
  user: 'reader',
}

let world: World
beforeAll(async () => {
  world = await createWorld()
})

/** By how it looks to the router: two paths of the table may be one. */
const PATHS = Map.groupBy(ROUTES, ({ path }) => path)

describe.each([...PATHS])('%s', (path, routes) => {
  const methods = routes.map(({ method }) => method)
  const url = path.replaceAll(/:(\w+)\+?/g, (_, name: string) => COMPONENTS[name] ?? 'x')

  test.each(METHODS.filter((method) => !methods.includes(method)))('%s: 405 with Allow', async (method) => {
    const { registry, store, logins } = world
    for (const login of [logins.stranger, logins['other user'], logins.owner, ['owner', 'wrong'] as const]) {
      store.taken()
      const response = await asLogin(registry, login).fetch(url, { method })
      expect(response.headers.get('Allow')).toBe(methods.join(', '))
      expect(response.headers.get('WWW-Authenticate')).toBeNull()
      expect(await outcome(response)).toBe(method === 'HEAD' ? '405' : '405 UNSUPPORTED')
      expect(store.taken()).toEqual([])
    }
  })
})

test.each([
  '/',
  '/v1/',
  '/v2/acme',
  '/v2/acme/private',
  '/api',
  '/api/v1',
  '/api/v1/',
  '/api/v1/nothing',
  '/api/v2/users',
  '/tokens',
])('%s is nothing, whoever asks', async (path) => {
  const { registry, store, logins } = world
  for (const login of [logins.stranger, logins.operator]) {
    store.taken()
    expect(await outcome(await asLogin(registry, login).fetch(path))).toBe('404 UNSUPPORTED')
    expect(store.taken()).toEqual([])
  }
})
