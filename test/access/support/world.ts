import type { OidcIssuers } from '../../../src/accounts/oidc-issuers.ts'
import type { RepositoryName } from '../../../src/oci/repository.ts'
import { basic, createAccountRegistry, type AccountRegistry, type Login } from '../../suites/account-registry.ts'
import { manifestOf, pushImage, type TestManifest } from '../../suites/client.ts'
import type { RegistryUnderTest } from '../../suites/registry-under-test.ts'
import { REPOSITORIES, STATES, type PrincipalName, type State } from './matrix.ts'
import { createRecordedStore, type RecordedStore } from './recorded-store.ts'

export const ISSUER = 'https://issuer.test'
const SERVICE = 'registry.test'
const TWO_MINUTES = 121

/** An organisation with a public and a private repository, and everybody who might want something of it. */
export interface World {
  readonly registry: AccountRegistry
  readonly store: RecordedStore
  readonly logins: Readonly<Record<PrincipalName, Login>>
  /** Short tokens of those who could log in when they got them, and cannot any more. */
  readonly oldTokens: ReadonlyMap<PrincipalName, Readonly<Record<State, string>>>
  /** The image that `public` and `private` hold as `v1`: one for each. */
  readonly images: Readonly<Record<State, TestManifest>>
  /** The `state` of an upload session for each repository. */
  readonly uploads: Readonly<Record<State, { id: string; state: string }>>
  /** A token and a trust rule of the organisation, which nobody here uses. */
  readonly spare: { readonly token: string; readonly trustRule: string }
}

export async function createWorld(): Promise<World> {
  const store = createRecordedStore()
  const registry = createAccountRegistry({ wrap: () => store.objects })
  Object.assign(registry.accounts, { oidcIssuers: FAKE_ISSUERS })

  await registry.addOrganisation('acme')
  const member = async (name: string, role: 'owner' | 'writer' | 'reader'): Promise<Login> => {
    const login = await registry.addUser(name)
    await registry.addMember('acme', name, role)
    return login
  }
  const logins = {
    stranger: null,
    'other user': await registry.addUser('other'),
    reader: await member('reader', 'reader'),
    writer: await member('writer', 'writer'),
    owner: await member('owner', 'owner'),
    'writer of one': await writerOf(registry, REPOSITORIES.private),
    'owner, narrow token': (await registry.addToken('owner', ['acme/*:pull', 'acme/public:push'])).login,
    administrator: await registry.addUser('root', { administrator: true }),
    operator: registry.admin,
    robot: (await registry.addToken('acme', ['acme/*:pull,push,delete'])).login,
    'robot, narrow token': (await registry.addToken('acme', ['acme/public:pull,push'])).login,
    'trusted job': ['oidc', 'job:trusted'],
    'untrusted job': ['oidc', 'job:untrusted'],
  } as const
  const expiring = await registry.addToken('owner', ['*:pull,push,delete,admin'], '2026-11-24T12:01:00Z')
  const revoked = await registry.addToken('owner', ['*:pull,push,delete,admin'])
  const spare = (await registry.addToken('acme', ['acme/*:pull'])).id
  const trustRule = await addTrustRule(registry)

  const owner = asLogin(registry, logins.operator)
  const images = {
    public: await pushImage(owner, REPOSITORIES.public, 'v1'),
    private: await pushImage(owner, REPOSITORIES.private, 'v1'),
    missing: EMPTY_INDEX,
    nowhere: EMPTY_INDEX,
  }
  await registry.api(logins.owner, 'PATCH', `/repositories/${REPOSITORIES.public}`, { visibility: 'public' })

  const oldTokens = new Map<PrincipalName, Record<State, string>>()
  for (const [name, { login }] of [
    ['expired token', expiring],
    ['revoked token', revoked],
  ] as const)
    oldTokens.set(
      name,
      await ofEachState((state) => registry.token(login, `repository:${REPOSITORIES[state]}:pull,push,delete`)),
    )
  await registry.api(logins.owner, 'DELETE', `/namespaces/owner/tokens/${revoked.id}`)
  registry.pass(TWO_MINUTES)
  const uploads = await ofEachState(async (state) => {
    const id = crypto.randomUUID()
    const repository = REPOSITORIES[state] as RepositoryName
    const session = { id, repository, offset: 0, whole: null }
    return { id, state: await registry.services.sessions.sign(session, registry.services.now()) }
  })
  await registry.idle()
  store.keep()
  return {
    registry,
    store,
    logins: { ...logins, 'expired token': expiring.login, 'revoked token': revoked.login },
    oldTokens,
    images,
    uploads,
    spare: { token: spare, trustRule },
  }
}

/** The registry as the client of that login sees it, who says so with each request. */
export function asLogin(registry: RegistryUnderTest, login: Login): RegistryUnderTest {
  return {
    ...registry,
    fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      for (const [name, value] of Object.entries(basic(login))) headers.set(name, value)
      return registry.fetch(path, { ...init, headers })
    },
  }
}

export const EMPTY_INDEX = manifestOf({ mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] })

/** Believes whatever a "token" says of itself. */
const FAKE_ISSUERS: OidcIssuers = {
  names: [ISSUER],
  verify: (token) =>
    Promise.resolve(token.startsWith('job:') ? { iss: ISSUER, sub: token.slice('job:'.length), aud: SERVICE } : null),
}

/** A member of the organisation for the sake of one repository. */
async function writerOf(registry: AccountRegistry, repository: string): Promise<Login> {
  const login = await registry.addUser('single')
  const member = { role: null, repositories: { [repository]: 'writer' } }
  await registry.api(registry.admin, 'PUT', '/namespaces/acme/members/single', member)
  return login
}

async function addTrustRule(registry: AccountRegistry): Promise<string> {
  const rule = { issuer: ISSUER, claims: { sub: 'trusted' }, repositories: ['acme/*'], actions: ['pull', 'push'] }
  const response = await registry.api(registry.admin, 'POST', '/namespaces/acme/trust-rules', rule)
  return (await response.json<{ id: string }>()).id
}

async function ofEachState<T>(make: (state: State) => Promise<T>): Promise<Record<State, T>> {
  const made = await Promise.all(STATES.map(async (state) => [state, await make(state)] as const))
  return Object.fromEntries(made) as Record<State, T>
}
