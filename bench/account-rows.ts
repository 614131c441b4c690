import { bytesOf, imageOf } from '../test/suites/client.ts'
import type { BudgetRow } from './budget-rows.ts'
import { Operations } from './operations.ts'

/** L: of the image that is pushed, config and layers. */
const BLOBS = 3
const BLOB_BYTES = 1000
const EVERYTHING = [{ repositories: '*', actions: ['pull', 'push', 'delete', 'admin'] }]
const SCOPE = 'repository:alice/app:pull,push,delete'

/** Requests whose cost in CPU is measured, each to be answered with 200. */
export interface AccountRequest {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

export interface AccountBench {
  readonly rows: readonly BudgetRow[]
  readonly requests: readonly AccountRequest[]
}

/**
 * What accounts cost, on a registry that has none but the operator's: alice, who has a repository and belongs to acme,
 * and a public repository of bob's.
 */
export async function prepareAccounts(url: string, adminToken: string): Promise<AccountBench> {
  const admin = basic('admin', adminToken)
  const api = async (method: string, path: string, body: unknown): Promise<{ token?: string }> => {
    const headers = { ...admin, 'Content-Type': 'application/json' }
    const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json<{ token?: string }>()
  }
  const tokenOf = async (headers: Readonly<Record<string, string>>, scope: string) => {
    const response = await fetch(`${url}/token?scope=${scope}&offline_token=true`, { headers })
    return response.json<{ token: string; refresh_token?: string }>()
  }
  const bearer = async (headers: Readonly<Record<string, string>>, scope: string) =>
    new Operations(url, { Authorization: `Bearer ${(await tokenOf(headers, scope)).token}` })

  for (const name of ['alice', 'bob']) await api('POST', '/users', { name })
  await api('POST', '/organisations', { name: 'acme' })
  await api('PUT', '/namespaces/acme/members/alice', { role: 'writer' })
  const { token = '' } = await api('POST', '/namespaces/alice/tokens', { name: 'bench', scopes: EVERYTHING })
  const alice = basic('alice', token)
  const scopes = 'repository:bob/app:pull,push repository:acme/app:pull,push'
  const others = await bearer(admin, scopes)
  const shared = bytesOf(BLOB_BYTES)
  for (const repository of ['bob/app', 'acme/app']) {
    await others.pushByPut(repository, shared)
    await others.putManifest(repository, 'v1', imageOf(shared, []))
  }
  await api('PATCH', '/repositories/bob/app', { visibility: 'public' })
  const { token: short, refresh_token: refresh = '' } = await tokenOf(alice, SCOPE) // the hour's first use is noted now
  const own = await bearer(alice, SCOPE)

  const catalog = await bearer(alice, 'registry:catalog:*')
  const asks = (headers: Readonly<Record<string, string>>, scope: string) => () =>
    new Operations(url, headers).send(200, `/token?scope=${scope}`)
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh, scope: SCOPE })
  const [config, ...layers] = [bytesOf(BLOB_BYTES), bytesOf(BLOB_BYTES), bytesOf(BLOB_BYTES)] as const
  const manifest = imageOf(config, layers)
  const push = (tag: string) => () => own.putManifest('alice/app', tag, manifest)
  const rows: readonly BudgetRow[] = [
    { operation: 'token for nobody, a public repository', budget: 1, run: asks({}, 'repository:bob/app:pull') },
    { operation: 'token for a user, their own repository', budget: 2, run: asks(alice, SCOPE) },
    {
      operation: 'token for a user, a repository of their organisation',
      budget: 4,
      run: asks(alice, 'repository:acme/app:pull,push'),
    },
    {
      operation: "token for a user, somebody else's public repository",
      budget: 5,
      run: asks(alice, 'repository:bob/app:pull'),
    },
    {
      operation: 'token for a refresh token, their own repository',
      budget: 2,
      run: () => new Operations(url).send(200, '/token', { method: 'POST', body: form }),
    },
    { operation: '/v2/ with a token', budget: 0, run: () => own.send(200, '/v2/') },
    { operation: 'without the access that is needed', budget: 0, run: () => own.send(401, '/v2/bob/app/tags/list') },
    {
      operation: 'blob HEAD by a pusher, elsewhere where they may read',
      budget: 7,
      run: () => own.headBlob('alice/app', shared),
    },
    { operation: 'blob HEAD with a token', budget: 1, run: () => own.headBlob('alice/app', shared) },
    {
      operation: `manifest PUT of ${BLOBS} blobs, first of its repository`,
      budget: 2 * BLOBS + 13,
      prepare: async () => {
        for (const blob of [config, ...layers]) await own.pushByPut('alice/app', blob)
      },
      run: push('v1'),
    },
    { operation: `manifest PUT of ${BLOBS} blobs, new tag`, budget: 2 * BLOBS + 8, run: push('v2') },
    { operation: 'pull by tag', budget: 1, run: () => own.send(200, '/v2/alice/app/manifests/v2') },
    {
      operation: 'tag DELETE',
      budget: 4,
      run: () => own.send(202, '/v2/alice/app/manifests/v2', { method: 'DELETE' }),
    },
    {
      operation: 'page of the catalog for a member of one organisation',
      budget: 9,
      run: () => catalog.send(200, '/v2/_catalog'),
    },
  ]
  const requests = [
    { name: '/v2/ with a token', path: '/v2/', headers: { Authorization: `Bearer ${short}` } },
    { name: '/token for nobody, without a scope', path: '/token', headers: {} },
    { name: '/token for nobody, a public repository', path: '/token?scope=repository:bob/app:pull', headers: {} },
    { name: '/token for a user, their own repository', path: `/token?scope=${SCOPE}`, headers: alice },
  ]
  return { rows, requests }
}

function basic(name: string, token: string): Record<string, string> {
  return { Authorization: `Basic ${btoa(`${name}:${token}`)}` }
}
