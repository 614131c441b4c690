import { beforeAll, describe, expect, test } from 'vitest'

import { outcome } from '../suites/client.ts'
import { statesOf } from './support/cell.ts'
import { REPOSITORIES, type State } from './support/matrix.ts'
import { ROUTES, SAMPLES, type Route } from './support/samples.ts'
import { createWorld, type World } from './support/world.ts'

/** What a client is told to ask for, at each endpoint: by that alone it gets in. */

let world: World
beforeAll(async () => {
  world = await createWorld()
})

const SCOPES: Readonly<Record<string, string | null>> = {
  login: null,
  catalog: 'registry:catalog:*',
  pull: 'repository:<name>:pull',
  push: 'repository:<name>:pull,push',
  delete: 'repository:<name>:delete',
}

/** The one challenge that a refusal has, in its whole. */
function challenge(scope: string | null, error?: string): string {
  const parameters = [
    'realm="http://registry.test/token"',
    'service="registry.test"',
    ...(scope === null ? [] : [`scope="${scope}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ]
  return `Bearer ${parameters.join(',')}`
}

function pathOf({ key, path }: Route, state: State): string {
  const values: Record<string, string> = { name: REPOSITORIES[state], ...SAMPLES[key]?.parameters?.(world, state) }
  return path.replaceAll(/:(\w+)\+?/g, (_, name: string) => values[name] ?? '')
}

function scopeOf({ access }: Route, state: State): string | null {
  return SCOPES[access]?.replace('<name>', REPOSITORIES[state]) ?? null
}

function refusalOf({ method }: Route): string {
  return method === 'HEAD' ? '401' : '401 UNAUTHORIZED'
}

async function ask(route: Route, state: State, token?: string): Promise<Response> {
  const { registry, store } = world
  store.taken()
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const response = await registry.fetch(pathOf(route, state), { method: route.method, headers })
  expect(store.taken()).toEqual([])
  expect(response.headers.get('Docker-Distribution-Api-Version')).toBe('registry/2.0')
  return response
}

const V2_ROUTES = ROUTES.filter(({ path }) => path.startsWith('/v2/'))

describe.each(V2_ROUTES)('$key', (route) => {
  const states = statesOf(route)

  test('nobody is told what to ask for', async () => {
    for (const state of states) {
      const response = await ask(route, state)
      expect(response.headers.get('WWW-Authenticate')).toBe(challenge(scopeOf(route, state)))
      expect(await outcome(response)).toBe(refusalOf(route))
    }
  })

  test('a token that is none is told so', async () => {
    for (const state of states) {
      const response = await ask(route, state, 'none')
      expect(response.headers.get('WWW-Authenticate')).toBe(challenge(scopeOf(route, state), 'invalid_token'))
      expect(await outcome(response)).toBe(refusalOf(route))
    }
  })
})

describe.each(V2_ROUTES.filter(({ access }) => access !== 'login'))('$key', (route) => {
  // To anybody: one who may would get in with what the challenge names, one who may not is then told that.
  test('a token for something else is told what is missing, whoever has it', async () => {
    const { registry, logins } = world
    for (const state of statesOf(route))
      for (const login of [logins.stranger, logins['other user'], logins.owner, logins.operator]) {
        const others = Object.values(SCOPES).filter((scope) => scope !== SCOPES[route.access] && scope !== null)
        // Whoever pushes may pull with the same token.
        const wrong = others.filter((scope) => route.access !== 'pull' || !scope?.includes('push'))
        const token = await registry.token(
          login,
          ...wrong.map((scope) => scope?.replace('<name>', REPOSITORIES[state]) ?? ''),
          'repository:acme/elsewhere:pull,push,delete',
        )
        const response = await ask(route, state, token)
        expect(response.headers.get('WWW-Authenticate')).toBe(challenge(scopeOf(route, state), 'insufficient_scope'))
        expect(await outcome(response)).toBe(refusalOf(route))
      }
  })
})

test.each(V2_ROUTES.filter(({ access }) => access === 'login'))(
  '$key: any token will do, of anybody',
  async (route) => {
    const { registry, logins } = world
    for (const login of [logins.stranger, logins['other user']])
      expect((await ask(route, 'private', await registry.token(login))).status).toBe(200)
  },
)

test('the API asks for a login, and not for a token of ours: browsers and scripts come there', async () => {
  const response = await world.registry.fetch('/api/v1/whoami')
  expect(response.headers.get('WWW-Authenticate')).toBe('Basic realm="roadstead", charset="UTF-8"')
})
