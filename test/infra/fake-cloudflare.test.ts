import { afterEach, beforeEach, expect, test } from 'vitest'

import { startFakeCloudflare, type FakeCloudflare } from './fake-cloudflare.ts'

let cloudflare: FakeCloudflare

beforeEach(async () => {
  cloudflare = await startFakeCloudflare()
})
afterEach(() => cloudflare.stop())

type Result = Record<string, unknown>

/** As the provider asks: JSON, or form data for a script. */
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${cloudflare.url}accounts/a/${path}`, {
    method,
    headers: { authorization: 'Bearer token', ...headers },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  })
  const { success, result } = await response.json<{ success: boolean; result: Result }>()
  expect(success).toBe(response.ok)
  return { status: response.status, result }
}

test('a bucket and its rules, from making to deleting', async () => {
  const eu = { 'cf-r2-jurisdiction': 'eu' }
  const bucket = { name: 'images', locationHint: 'weur', storageClass: 'Standard' }
  expect((await ask('POST', 'r2/buckets', bucket, eu)).result).toMatchObject({ location: 'WEUR', jurisdiction: 'eu' })
  expect((await ask('POST', 'r2/buckets', bucket, eu)).status).toBe(409)
  const rules = { rules: [{ id: 'delete-uploads', enabled: true }] }
  for (const kind of ['lifecycle', 'cors']) {
    await ask('PUT', `r2/buckets/images/${kind}`, rules)
    expect((await ask('GET', `r2/buckets/images/${kind}`)).result).toEqual(rules)
  }
  expect((await ask('DELETE', 'r2/buckets/images/cors')).status).toBe(200)
  expect((await ask('GET', 'r2/buckets/images/cors')).status).toBe(404)
  expect((await ask('DELETE', 'r2/buckets/images')).status).toBe(200)
  expect((await ask('GET', 'r2/buckets/images')).status).toBe(404)
})

test('a script: its secrets do not come back, its code does', async () => {
  const bindings = [
    { name: 'TOKEN_SECRET', type: 'secret_text', text: 'hidden' },
    { name: 'ACCESS', type: 'plain_text', text: 'open' },
  ]
  const form = new FormData()
  form.set('metadata', JSON.stringify({ main_module: 'worker.js', bindings, compatibility_date: '2026-10-01' }))
  const code = 'export default { fetch: () => new Response("é") }\n'
  form.set('worker.js', new Blob([code], { type: 'application/javascript+module' }), 'worker.js')
  expect((await ask('PUT', 'workers/scripts/roadstead', form)).result).toMatchObject({ id: 'roadstead' })

  expect((await ask('GET', 'workers/scripts/roadstead/settings')).result).toMatchObject({
    bindings: [
      { name: 'ACCESS', type: 'plain_text', text: 'open' },
      { name: 'TOKEN_SECRET', type: 'secret_text' },
    ],
    compatibility_date: '2026-10-01',
  })
  const response = await fetch(`${cloudflare.url}accounts/a/workers/scripts/roadstead/content/v2`, {
    headers: { authorization: 'Bearer token' },
  })
  const file = (await response.formData()).get('worker.js') as unknown as Blob
  expect(await file.text()).toBe(code)
  expect((await ask('GET', 'workers/services/roadstead')).result).toMatchObject({
    default_environment: { script: { id: 'roadstead', compatibility_date: '2026-10-01' } },
  })
  expect((await ask('DELETE', 'workers/scripts/roadstead')).status).toBe(200)
  expect((await ask('GET', 'workers/scripts/roadstead/settings')).status).toBe(404)
})

test("a token's value is told once", async () => {
  const policies = [{ effect: 'allow', permission_groups: [{ id: 'g' }], resources: { r: '*' } }]
  const { result } = await ask('POST', 'tokens', { name: 'images-storage', policies })
  expect(result['value']).toMatch(/^value-/)
  const again = (await ask('GET', `tokens/${String(result['id'])}`)).result
  expect(again).toMatchObject({ name: 'images-storage', status: 'active' })
  expect(again).not.toHaveProperty('value')
})

test('a namespace, a domain, and the switch of workers.dev', async () => {
  const namespace = (await ask('POST', 'storage/kv/namespaces', { title: 'roadstead-tags' })).result
  expect((await ask('GET', `storage/kv/namespaces/${String(namespace['id'])}`)).result).toMatchObject({
    title: 'roadstead-tags',
  })
  const domain = (await ask('PUT', 'workers/domains', { hostname: 'registry.example.com', service: 'roadstead' }))
    .result
  expect((await ask('GET', `workers/domains/${String(domain['id'])}`)).result).toMatchObject({ service: 'roadstead' })
  await ask('POST', 'workers/scripts/roadstead/subdomain', { enabled: true, previews_enabled: false })
  expect((await ask('GET', 'workers/scripts/roadstead/subdomain')).result).toMatchObject({ enabled: true })
})

test('it wants a token, and tells what it does not know', async () => {
  const response = await fetch(`${cloudflare.url}accounts/a/r2/buckets/images`)
  expect(response.status).toBe(403)
  expect((await ask('GET', 'queues')).status).toBe(501)
  expect(cloudflare.requests.map(({ path, status }) => `${status} ${path}`)).toEqual([
    '403 /client/v4/accounts/a/r2/buckets/images',
    '501 /client/v4/accounts/a/queues',
  ])
})
