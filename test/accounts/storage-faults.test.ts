import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { RegistryError } from '../../src/oci/errors.ts'
import { createAccountRegistry, type AccountRegistry, type Login } from '../suites/account-registry.ts'
import { pushImage } from './support/images.ts'

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined) // each failure is told to the operator
})
afterEach(() => vi.restoreAllMocks())

interface Scene {
  readonly registry: AccountRegistry
  readonly alice: Exclude<Login, null>
  /** Alice's token for `acme/app`, push and all, and for the list of repositories. */
  readonly short: string
  /** Blob of `acme/app`, which alice may pull. */
  readonly layer: string
  /** The read of this number fails, and all after it; `null` for none. */
  failAt(read: number | null): void
  reads(): number
}

async function scene(): Promise<Scene> {
  let [count, failing] = [0, null as number | null]
  async function read<T>(act: () => Promise<T>): Promise<T> {
    count += 1
    if (failing !== null && count >= failing) throw new RegistryError('UNAVAILABLE')
    return act()
  }
  const registry = createAccountRegistry({
    wrap: (objects) => ({
      ...objects,
      get: (key) => read(() => objects.get(key)),
      head: (key) => read(() => objects.head(key)),
      list: (...parameters) => read(() => objects.list(...parameters)),
    }),
  })
  const alice = await registry.addUser('alice')
  await registry.addOrganisation('acme')
  await registry.addMember('acme', 'alice', 'writer')
  const { layer } = await pushImage(registry, alice, 'acme/app', 'v1')
  const short = await registry.token(alice, 'repository:acme/other:pull,push', 'registry:catalog:*')
  await registry.idle()
  return {
    registry,
    alice,
    short,
    layer,
    reads: () => count,
    failAt(number) {
      ;[count, failing] = [0, number]
    },
  }
}

const basic = (login: Exclude<Login, null>) => ({ Authorization: `Basic ${btoa(login.join(':'))}` })

/** Requests whose answer depends on records of accounts. */
const REQUESTS: readonly (readonly [name: string, ask: (scene: Scene) => Promise<Response>])[] = [
  [
    '/token with a login',
    ({ registry, alice }) => registry.fetch('/token?scope=repository:acme/app:pull,push', { headers: basic(alice) }),
  ],
  ['/token for nobody', ({ registry }) => registry.fetch('/token?scope=repository:acme/app:pull')],
  [
    'a tag list with a login',
    ({ registry, alice }) => registry.fetch('/v2/acme/app/tags/list', { headers: basic(alice) }),
  ],
  ['who am I', ({ registry, alice }) => registry.api(alice, 'GET', '/whoami')],
  ['the members', ({ registry }) => registry.api(registry.admin, 'GET', '/namespaces/acme/members')],
  [
    'the catalog',
    ({ registry, short }) => registry.fetch('/v2/_catalog', { headers: { Authorization: `Bearer ${short}` } }),
  ],
  [
    'a HEAD of a blob elsewhere',
    ({ registry, short, layer }) =>
      registry.fetch(`/v2/acme/other/blobs/${layer}`, {
        method: 'HEAD',
        headers: { Authorization: `Bearer ${short}` },
      }),
  ],
  [
    'a mount',
    ({ registry, short, layer }) =>
      registry.fetch(`/v2/acme/other/blobs/uploads/?mount=${layer}&from=acme/app`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${short}` },
      }),
  ],
]

test.each(REQUESTS)('%s: storage that fails at any read is 503, and never a refusal or an answer', async (_, ask) => {
  const whole = await scene()
  whole.failAt(null)
  expect((await ask(whole)).ok).toBe(true)
  const reads = whole.reads()
  expect(reads).toBeGreaterThan(0)

  for (let read = 1; read <= reads; read++) {
    const broken = await scene()
    broken.failAt(read)
    const response = await ask(broken)
    const where = `read ${read} of ${reads}`
    expect(response.status, where).toBe(503)
    const text = await response.text()
    if (text !== '') expect(text, where).toContain('"UNAVAILABLE"') // a HEAD has no body
  }
})
