import { createMemoryTagIndex } from '../../../src/storage/memory/memory-tag-index.ts'
import { basic, type Login } from '../../suites/account-registry.ts'
import { outcome } from '../../suites/client.ts'
import { decide, permitted, PRINCIPALS, REPOSITORIES, STATES, type PrincipalName, type State } from './matrix.ts'
import { SAMPLES, type Route, type Sample } from './samples.ts'
import type { StorageCall } from './recorded-store.ts'
import type { World } from './world.ts'

/**
 * How somebody says who they are: below `/v2` by a short token for what the challenge asks for, or by their login; in
 * the API by their login, or by their token without a name. Strangers have a short token of nobody, or send nothing.
 */
export const WAYS = ['token', 'login'] as const
export type Way = (typeof WAYS)[number]

export interface Cell {
  readonly route: Route
  readonly state: State
  readonly principal: PrincipalName
  readonly way: Way
  /** Status and error codes; of the token endpoint, what was granted. */
  readonly outcome: string
  readonly expected: string
  readonly isRefusal: boolean
  /** The whole answer, but for its request id and the names of repositories. */
  readonly answer: string
  readonly calls: readonly StorageCall[]
}

/** States that make a difference to a route. */
export function statesOf({ path }: Route): readonly State[] {
  if (path.includes(':name+') || path === '/token') return STATES
  return path.includes(':namespace') ? ['private', 'nowhere'] : ['private']
}

export async function fillCells(world: World, routes: readonly Route[]): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const route of routes)
    for (const state of statesOf(route))
      for (const principal of PRINCIPALS)
        for (const way of WAYS) {
          const headers = await credentials(world, route, principal, way, state)
          // Each comes from an address of its own, so that nobody has failed too often there.
          const from = { 'CF-Connecting-IP': `cell ${cells.length}` }
          if (headers !== null) cells.push(await fillCell(world, route, state, principal, way, { ...headers, ...from }))
        }
  return cells
}

async function fillCell(
  world: World,
  route: Route,
  state: State,
  principal: PrincipalName,
  way: Way,
  headers: Record<string, string>,
): Promise<Cell> {
  const { registry, store } = world
  const sample = SAMPLES[route.key]
  if (sample === undefined) throw new Error(`There is no sample request for "${route.key}"`)
  const { path, init } = sampleRequest(world, route, sample, state, principal, headers)
  store.taken()
  const response = await registry.fetch(path, init)
  await registry.idle()
  const calls = store.taken()
  const copy = response.clone()
  const expected = expectation(route, sample, principal, way, state)
  const cell = {
    route,
    state,
    principal,
    way,
    outcome: route.path === '/token' ? await grantOf(response) : await outcome(response),
    expected,
    isRefusal: /^40[13]/.test(expected),
    answer: await describeAnswer(copy, state),
    calls,
  }
  store.restore()
  Object.assign(registry.services, { tagIndex: createMemoryTagIndex() })
  return cell
}

/** `null` where that way is not open to them: there is no cell. */
async function credentials(
  world: World,
  route: Route,
  principal: PrincipalName,
  way: Way,
  state: State,
): Promise<Record<string, string> | null> {
  const login = world.logins[principal]
  if (!route.path.startsWith('/v2/')) {
    if (way === 'login') return basic(login)
    // The token of a job elsewhere is known by the name that comes with it; a stranger has none.
    return route.path.startsWith('/api/') && login !== null && login[0] !== 'oidc' ? bearer(login[1]) : null
  }
  if (way === 'login') return basic(login)
  const old = world.oldTokens.get(principal)?.[state]
  if (old !== undefined) return bearer(old)
  return permitted(principal, state) === null
    ? null
    : bearer(await shortToken(world, login, challengeScope(route, state)))
}

/** As the registry asks for it: test/access/challenges.test.ts. */
function challengeScope({ access }: Route, state: State): string {
  if (access === 'login') return ''
  if (access === 'catalog') return 'registry:catalog:*'
  return `repository:${REPOSITORIES[state]}:${access === 'push' ? 'pull,push' : access}`
}

const tokens = new Map<string, Promise<string>>()

/** The clock stands still, so that one token does for all cells that want the same. */
function shortToken({ registry }: World, login: Login, scope: string): Promise<string> {
  const key = JSON.stringify([login, scope])
  const known = tokens.get(key) ?? registry.token(login, scope)
  tokens.set(key, known)
  return known
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}

function sampleRequest(
  world: World,
  route: Route,
  sample: Sample,
  state: State,
  principal: PrincipalName,
  headers: Record<string, string>,
): { path: string; init: RequestInit } {
  const [namespace = ''] = REPOSITORIES[state].split('/')
  const values: Record<string, string> = { name: REPOSITORIES[state], namespace, ...sample.parameters?.(world, state) }
  const path = route.path.replaceAll(/:(\w+)\+?/g, (_, name: string) => values[name] ?? '')
  if (route.path === '/token') return tokenRequest(world, route, state, principal, headers)
  const query = new URLSearchParams(sample.query?.(world, state)).toString()
  const { body, contentType = 'application/json' } = sample
  const init = {
    method: route.method,
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': contentType }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  }
  return { path: query === '' ? path : `${path}?${query}`, init }
}

function tokenRequest(
  { logins }: World,
  { method, path }: Route,
  state: State,
  principal: PrincipalName,
  headers: Record<string, string>,
): { path: string; init: RequestInit } {
  const scope = `repository:${REPOSITORIES[state]}:pull,push,delete`
  if (method === 'GET') return { path: `${path}?${new URLSearchParams({ scope }).toString()}`, init: { headers } }
  const login = logins[principal]
  const proof = login === null ? {} : { grant_type: 'password', username: login[0], password: login[1] }
  const from = { 'CF-Connecting-IP': headers['CF-Connecting-IP'] ?? '' }
  return { path, init: { method, headers: from, body: new URLSearchParams({ ...proof, scope }) } }
}

function expectation(route: Route, sample: Sample, principal: PrincipalName, way: Way, state: State): string {
  if (route.path === '/token') return expectedGrant(route, principal, state)
  if (route.access === 'open') return sample.there
  // Below /v2 even what anyone may pull takes a token; anyone may fetch one.
  const sendsNothing = principal === 'stranger' && way === 'login' && route.path.startsWith('/v2/')
  const hasAnyToken = route.access === 'login' && route.path === '/v2/' && principal === 'stranger' && way === 'token'
  const decision = sendsNothing ? '401 UNAUTHORIZED' : hasAnyToken ? 'allowed' : decide(principal, route.access, state)
  const { there, missing = there, nowhere = missing } = sample
  const answer = decision === 'allowed' ? { public: there, private: there, missing, nowhere }[state] : decision
  return route.method === 'HEAD' ? answer.slice(0, 3) : answer
}

function expectedGrant({ method }: Route, principal: PrincipalName, state: State): string {
  if (principal === 'stranger' && method === 'POST') return '400 REQUEST_INVALID'
  const actions = permitted(principal, state)
  if (actions === null) return '401 UNAUTHORIZED'
  return `200 ${actions.filter((action) => action !== 'admin').join(',') || '-'}`
}

/** What a token is for, as the answer says; or the refusal. */
async function grantOf(response: Response): Promise<string> {
  if (response.status !== 200) return outcome(response)
  const { scope } = await response.json<{ scope: string }>()
  return scope === '' ? '200 -' : `200 ${scope.slice(scope.lastIndexOf(':') + 1)}`
}

async function describeAnswer(response: Response, state: State): Promise<string> {
  const headers = [...response.headers].filter(([name]) => name !== 'x-request-id')
  const answer = `${response.status} ${JSON.stringify(headers)} ${await response.text()}`
  return answer.replaceAll(REPOSITORIES[state], '<name>')
}
