import { expect } from 'vitest'
import type { Login } from '../clients/client.ts'
import { authorization } from './api.ts'
import type { RegistryWithAccounts } from './registry.ts'

export type Role = 'owner' | 'writer' | 'reader'

/** A token by which somebody logs in. */
export interface Token extends Login {
  readonly id: string
}

/** A rule as the API takes it: https://docs.github.com/en/actions/concepts/security/openid-connect has the claims. */
export interface TrustRule {
  readonly issuer: string
  readonly claims: Readonly<Record<string, string>>
  readonly repositories: readonly string[]
  readonly actions: readonly ('pull' | 'push')[]
}

/** What the administrator of a registry does by its JSON API. */
export interface Accounts {
  addUser(name: string): Promise<Token>
  /** The token is that of a robot of the organisation. */
  addOrganisation(name: string): Promise<Token>
  /** One more, for all that a user or an organisation may do. */
  addToken(namespace: string): Promise<Token>
  revokeToken(token: Token): Promise<void>
  /** @param repositories more than `role` in single repositories, by their whole names */
  setMember(
    organisation: string,
    user: string,
    role: Role | null,
    repositories?: Readonly<Record<string, Role>>,
  ): Promise<void>
  setVisibility(repository: string, visibility: 'private' | 'public'): Promise<void>
  addTrustRule(namespace: string, rule: TrustRule): Promise<void>
}

export function createAccounts({ host, adminToken }: RegistryWithAccounts): Accounts {
  const admin = authorization({ username: 'admin', password: adminToken })

  async function ask(method: string, path: string, status: number, body?: unknown): Promise<string> {
    const response = await fetch(`http://${host}/api/v1${path}`, {
      method,
      headers: { ...admin, 'Content-Type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    expect(response.status, `${method} ${path}: ${text}`).toBe(status)
    return text
  }

  async function addToken(namespace: string): Promise<Token> {
    const scopes = [{ repositories: '*', actions: ['pull', 'push', 'delete', 'admin'] }]
    const text = await ask('POST', `/namespaces/${namespace}/tokens`, 201, { name: 'laptop', scopes })
    const { id, token } = JSON.parse(text) as { id: string; token: string }
    return { id, username: namespace, password: token }
  }

  return {
    addToken,
    async addUser(name) {
      await ask('POST', '/users', 201, { name })
      return addToken(name)
    },
    async addOrganisation(name) {
      await ask('POST', '/organisations', 201, { name })
      return addToken(name)
    },
    async revokeToken({ username, id }) {
      await ask('DELETE', `/namespaces/${username}/tokens/${id}`, 204)
    },
    async setMember(organisation, user, role, repositories = {}) {
      await ask('PUT', `/namespaces/${organisation}/members/${user}`, 200, { role, repositories })
    },
    async setVisibility(repository, visibility) {
      await ask('PATCH', `/repositories/${repository}`, 200, { visibility })
    },
    async addTrustRule(namespace, rule) {
      await ask('POST', `/namespaces/${namespace}/trust-rules`, 201, rule)
    },
  }
}
