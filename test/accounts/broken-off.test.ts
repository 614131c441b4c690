import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { checkStorage } from '../../src/maintenance/check-storage.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { createAccountRegistry, EVERYTHING, type AccountRegistry, type Login } from '../suites/account-registry.ts'
import { pushImage } from './support/images.ts'
import { createFailingStore, type FailingStore } from './support/failing-store.ts'

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined) // each broken write is told to the operator
})
afterEach(() => vi.restoreAllMocks())

const INDEX = 'application/vnd.oci.image.index.v1+json'
const app = parseRepositoryName('acme/app')
const READ = { repositories: '*', actions: ['pull'] }

interface Scene {
  readonly registry: AccountRegistry
  readonly store: FailingStore
  readonly alice: Login
  readonly bob: Login
  /** Alice's short token for `acme/new`, which is not there. */
  readonly pushToken: string
}

/** Alice owns acme, where bob is a reader; `acme/app` is there, and a robot's token. */
async function scene(): Promise<Scene & { tokenId: string }> {
  const store = createFailingStore()
  const registry = createAccountRegistry({ wrap: store.wrap, oidcIssuers: ['https://ci.test'] })
  const alice = await registry.addUser('alice')
  const bob = await registry.addUser('bob')
  await registry.addOrganisation('acme')
  await registry.addMember('acme', 'alice', 'owner')
  await registry.addMember('acme', 'bob', 'reader')
  await pushImage(registry, alice, 'acme/app', 'v1')
  await registry.api(alice, 'PATCH', '/namespaces/acme', { defaultVisibility: 'public' })
  const { id: tokenId } = await registry.addToken('acme', ['acme/*:pull'])
  const pushToken = await registry.token(alice, 'repository:acme/new:pull,push')
  await registry.idle() // that tokens were used is noted by then, and no part of a change
  return { registry, store, alice, bob, pushToken, tokenId }
}

/** Each change that makes more than one write, and what is true once it is made. */
const CHANGES: readonly (readonly [
  name: string,
  change: (scene: Scene & { tokenId: string }) => Promise<Response>,
  made: (scene: Scene & { tokenId: string }) => Promise<boolean>,
])[] = [
  [
    'a user is added',
    ({ registry }) => registry.api(registry.admin, 'POST', '/users', { name: 'carol' }),
    async ({ registry }) => (await registry.api(registry.admin, 'GET', '/namespaces/carol')).ok,
  ],
  [
    'an organisation with an owner is added',
    ({ registry }) => registry.api(registry.admin, 'POST', '/organisations', { name: 'other', owner: 'alice' }),
    async ({ registry, alice }) => (await registry.api(alice, 'GET', '/namespaces/other')).ok,
  ],
  [
    'a member is added',
    ({ registry, alice }) => registry.api(alice, 'PUT', '/namespaces/acme/members/bob', { role: 'writer' }),
    async ({ registry, alice }) => (await listed(registry, alice, 'members')).includes('"user":"bob","role":"writer"'),
  ],
  [
    'a member is removed',
    ({ registry, alice }) => registry.api(alice, 'DELETE', '/namespaces/acme/members/bob'),
    async ({ registry, alice }) => !(await listed(registry, alice, 'members')).includes('bob'),
  ],
  [
    'a token is made',
    ({ registry, alice }) => registry.api(alice, 'POST', '/namespaces/acme/tokens', { name: 'new', scopes: [READ] }),
    async ({ registry, alice }) => (await listed(registry, alice, 'tokens')).includes('"name":"new"'),
  ],
  [
    'a token is revoked',
    ({ registry, alice, tokenId }) => registry.api(alice, 'DELETE', `/namespaces/acme/tokens/${tokenId}`),
    async ({ registry, alice, tokenId }) => !(await listed(registry, alice, 'tokens')).includes(tokenId),
  ],
  [
    'a trust rule is added',
    ({ registry, alice }) =>
      registry.api(alice, 'POST', '/namespaces/acme/trust-rules', {
        issuer: 'https://ci.test',
        claims: { repository: 'acme/app' },
        repositories: ['acme/*'],
        actions: ['pull'],
      }),
    async ({ registry, alice }) => (await listed(registry, alice, 'trust-rules')).includes('ci.test'),
  ],
  [
    'a repository is made public and described',
    ({ registry, alice }) =>
      registry.api(alice, 'PATCH', '/repositories/acme/app', { visibility: 'public', description: 'ours' }),
    async ({ registry }) => (await registry.api(null, 'GET', '/repositories/acme/app')).ok,
  ],
  [
    'a first push into an organisation whose repositories are public',
    async ({ registry, pushToken }) => {
      const headers = { Authorization: `Bearer ${pushToken}`, 'Content-Type': INDEX }
      const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] })
      return registry.fetch('/v2/acme/new/manifests/v1', { method: 'PUT', body, headers })
    },
    async ({ registry }) => {
      const seen = await registry.api(null, 'GET', '/repositories/acme/new/_tags')
      return seen.ok && (await seen.text()).includes('"name":"v1"')
    },
  ],
  [
    'a tag is removed',
    ({ registry, alice }) => registry.api(alice, 'DELETE', '/repositories/acme/app/_tags/v1'),
    async ({ registry }) => (await registry.services.tags.get(app, 'v1' as never)) === null,
  ],
  [
    'a user is removed',
    ({ registry }) => registry.api(registry.admin, 'DELETE', '/namespaces/bob'),
    async ({ registry }) => (await registry.api(registry.admin, 'GET', '/namespaces/bob')).status === 404,
  ],
]

async function listed(registry: AccountRegistry, login: Login, what: string): Promise<string> {
  return (await registry.api(login, 'GET', `/namespaces/acme/${what}`)).text()
}

async function breaches(registry: AccountRegistry): Promise<string[]> {
  const found: string[] = []
  for await (const { severity, kind, key } of checkStorage(registry.objects))
    if (severity === 'breach') found.push(`${kind} ${key}`)
  return found
}

/** Of the organisation and of the registry. */
async function countEvents({ registry }: Scene): Promise<number> {
  const keys = await registry.keys()
  return keys.filter((key) => /^accounts\/audit\/(acme|_registry)\//.test(key)).length
}

async function codeOf(response: Response): Promise<string | undefined> {
  return (await response.json<{ errors: { code: string }[] }>()).errors[0]?.code
}

test.each(CHANGES)(
  '%s, and is broken off at every write: all or nothing is to be seen, and once more mends it',
  async (_, change, made) => {
    const whole = await scene()
    whole.store.failAt(null)
    expect((await change(whole)).ok).toBe(true)
    expect(await made(whole)).toBe(true)
    const writes = whole.store.writes()
    expect(writes).toBeGreaterThan(1)

    for (let write = 1; write <= writes; write++)
      for (const acts of [false, true]) {
        const broken = await scene()
        const before = await countEvents(broken)
        broken.store.failAt(write, acts)
        const response = await change(broken)
        broken.store.failAt(null)
        const seen = await made(broken)
        const where = `write ${write} of ${writes}, ${acts ? 'made' : 'not made'}`
        if (!response.ok) expect([response.status, await codeOf(response)], where).toEqual([503, 'UNAVAILABLE'])
        expect(await breaches(broken.registry), where).toEqual([])
        if (response.ok) expect(seen, where).toBe(true)
        // Nothing is changed that is not in the log.
        if (seen) expect(await countEvents(broken), where).toBeGreaterThan(before)
        if (!seen) {
          await change(broken)
          expect(await made(broken), where).toBe(true)
        }
        expect(await breaches(broken.registry), where).toEqual([])
      }
  },
)

test('what belonged to a user or an organisation that was removed is void for the next one of that name, however little was cleared up', async () => {
  const { registry, store, alice, bob } = await scene()
  const { login: robot } = await registry.addToken('acme', ['acme/*:pull'])
  await registry.as(alice, [], '/v2/')
  // The repository stands in the way of the organisation's removal.
  const busy = await registry.api(registry.admin, 'DELETE', '/namespaces/acme')
  expect([busy.status, await busy.text()]).toEqual([
    409,
    expect.stringContaining('it has repositories, such as acme/app'),
  ])
  while (!(await (await registry.api(alice, 'DELETE', '/repositories/acme/app')).json<{ done: boolean }>()).done);

  store.failAt(3) // the event, and the namespace: nothing is cleared up
  expect((await registry.api(registry.admin, 'DELETE', '/namespaces/acme')).status).toBe(204)
  store.failAt(null)
  await registry.addOrganisation('acme')
  const scope = 'repository:acme/app:pull,push'
  for (const former of [alice, bob]) expect(await granted(registry, former, scope)).toBe('')
  expect((await registry.api(alice, 'GET', '/namespaces/acme')).status).toBe(403)
  const old = await registry.fetch('/token', { headers: { Authorization: `Basic ${btoa(robot.join(':'))}` } })
  expect(old.status).toBe(401)
  for (const what of ['members', 'tokens', 'trust-rules'])
    expect(await listed(registry, registry.admin, what)).toBe('{"items":[]}')

  store.failAt(3)
  expect((await registry.api(registry.admin, 'DELETE', '/namespaces/alice')).status).toBe(204)
  store.failAt(null)
  expect((await registry.api(registry.admin, 'POST', '/users', { name: 'alice' })).status).toBe(201)
  expect((await registry.api(alice, 'GET', '/whoami')).status).toBe(401)
  const { login: again } = await registry.addToken('alice', [EVERYTHING])
  expect((await registry.api(again, 'GET', '/whoami')).status).toBe(200)
})

async function granted(registry: AccountRegistry, login: Login, scope: string): Promise<string> {
  const headers: Record<string, string> = login === null ? {} : { Authorization: `Basic ${btoa(login.join(':'))}` }
  const response = await registry.fetch(`/token?scope=${scope}`, { headers })
  return (await response.json<{ scope: string }>()).scope
}
