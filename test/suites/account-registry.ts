import { createAccounts, type Accounts } from '../../src/accounts/accounts.ts'
import { createMemoryLoginFailures } from '../../src/accounts/login-failures.ts'
import { createTokenAuthorizer } from '../../src/accounts/token-authorizer.ts'
import type { Observer } from '../../src/metrics/answered.ts'
import { createMemoryObjectStore } from '../../src/storage/memory/memory-object-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { createMemoryRegistry, type MemoryRegistry } from './registry-under-test.ts'

/** Name and token, as they are given to `docker login`; `null` for nobody. */
export type Login = readonly [name: string, token: string] | null

export interface AccountRegistry extends MemoryRegistry {
  readonly accounts: Accounts
  /** The operator's administrator. */
  readonly admin: readonly [name: string, token: string]
  /** Moves the registry's clock on. */
  pass(seconds: number): void
  /** A request of the API, with its JSON body or none. */
  api(login: Login, method: string, path: string, body?: unknown): Promise<Response>
  /** The short token for these scopes, without looking at whether they were granted. */
  token(login: Login, ...scopes: readonly string[]): Promise<string>
  /** A request below `/v2/` as a client makes it, with a token fetched for these scopes. */
  as(login: Login, scopes: readonly string[], path: string, init?: RequestInit): Promise<Response>
  /** A user with a token for everything that they may do. */
  addUser(name: string, options?: { administrator?: boolean }): Promise<readonly [name: string, token: string]>
  addOrganisation(name: string, options?: { defaultVisibility?: 'private' | 'public' }): Promise<void>
  addMember(organisation: string, user: string, role: 'owner' | 'writer' | 'reader'): Promise<void>
  /** A token of that user or organisation, such as `acme/*:pull,push`. */
  addToken(
    owner: string,
    scopes: readonly string[],
    expiresAt?: string,
  ): Promise<{ login: Exclude<Login, null>; id: string }>
}

export interface AccountRegistryOptions {
  readonly wrap?: (objects: ObjectStore) => ObjectStore
  readonly oidcIssuers?: readonly string[]
  readonly secrets?: readonly string[]
  readonly observers?: readonly Observer[]
}

export const ADMIN_TOKEN = 'the-token-of-the-operator-0123456789'
export const EVERYTHING = '*:pull,push,delete,admin'

/** A registry with accounts, all in memory, at `http://registry.test`. */
export function createAccountRegistry(options: AccountRegistryOptions = {}): AccountRegistry {
  let time = Date.parse('2026-11-24T12:00:00Z')
  const now = () => new Date(time)
  const bare = createMemoryObjectStore({})
  const objects = options.wrap?.(bare) ?? bare
  const accounts = createAccounts(objects, {
    adminToken: ADMIN_TOKEN,
    oidcIssuers: options.oidcIssuers ?? [],
    secrets: options.secrets ?? ['the secret that this registry signs with'],
    loginFailures: createMemoryLoginFailures(now),
  })
  const metricsPage = () => 'counted 0\n'
  const services = {
    accounts,
    authorizer: createTokenAuthorizer(accounts, now),
    metricsPage,
    observers: options.observers ?? [],
    now,
  }
  const registry = createMemoryRegistry({ wrap: () => objects, services })
  const admin = ['admin', ADMIN_TOKEN] as const

  const api: AccountRegistry['api'] = (login, method, path, body) =>
    registry.fetch(`/api/v1${path}`, {
      method,
      headers: { ...basic(login), 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  async function done(login: Login, method: string, path: string, body?: unknown): Promise<Response> {
    const response = await api(login, method, path, body)
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
    return response
  }

  const addToken: AccountRegistry['addToken'] = async (owner, scopes, expiresAt) => {
    const body = { name: `token-of-${owner}`, scopes: scopes.map(parseScope), expiresAt: expiresAt ?? null }
    const made = await done(admin, 'POST', `/namespaces/${owner}/tokens`, body)
    const { id, token } = await made.json<{ id: string; token: string }>()
    return { login: [owner, token], id }
  }

  const token: AccountRegistry['token'] = async (login, ...scopes) => {
    const query = new URLSearchParams(scopes.map((scope) => ['scope', scope]))
    const response = await registry.fetch(`/token?${query.toString()}`, { headers: basic(login) })
    if (!response.ok) throw new Error(`the token endpoint answered ${response.status}: ${await response.text()}`)
    return (await response.json<{ token: string }>()).token
  }

  return {
    ...registry,
    accounts,
    keys: async () => (await bare.list('', { limit: 100_000 })).objects.map(({ key }) => key),
    admin,
    pass(seconds) {
      time += 1000 * seconds
    },
    api,
    token,
    async as(login, scopes, path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('Authorization', `Bearer ${await token(login, ...scopes)}`)
      return registry.fetch(path, { ...init, headers })
    },
    async addUser(name, { administrator = false } = {}) {
      await done(admin, 'POST', '/users', { name, administrator })
      return (await addToken(name, [EVERYTHING])).login
    },
    async addOrganisation(name, { defaultVisibility = 'private' } = {}) {
      await done(admin, 'POST', '/organisations', { name, defaultVisibility })
    },
    async addMember(organisation, user, role) {
      await done(admin, 'PUT', `/namespaces/${organisation}/members/${user}`, { role })
    },
    addToken,
  }
}

export function basic(login: Login): Record<string, string> {
  return login === null ? {} : { Authorization: `Basic ${btoa(login.join(':'))}` }
}

function parseScope(text: string): { repositories: string; actions: string[] } {
  const [repositories = '', actions = ''] = text.split(':')
  return { repositories, actions: actions.split(',') }
}
