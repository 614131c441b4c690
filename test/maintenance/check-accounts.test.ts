import { expect, test } from 'vitest'

import { checkStorage } from '../../src/maintenance/check-storage.ts'
import type { Finding } from '../../src/maintenance/finding.ts'
import { parseKey } from '../../src/maintenance/parse-key.ts'
import { pushImage } from '../accounts/support/images.ts'
import { createAccountRegistry, type AccountRegistry } from '../suites/account-registry.ts'

/** One record of every kind. */
async function populated(): Promise<AccountRegistry> {
  const registry = createAccountRegistry({ oidcIssuers: ['https://ci.test'] })
  const alice = await registry.addUser('alice')
  await registry.addOrganisation('acme')
  await registry.addMember('acme', 'alice', 'owner')
  await pushImage(registry, alice, 'acme/app', 'v1')
  await registry.api(alice, 'PATCH', '/repositories/acme/app', { visibility: 'public' })
  const rule = { issuer: 'https://ci.test', claims: { a: 'b' }, repositories: ['acme/app'], actions: ['pull'] }
  await registry.api(alice, 'POST', '/namespaces/acme/trust-rules', rule)
  await registry.idle()
  return registry
}

async function findings({ objects }: AccountRegistry): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for await (const finding of checkStorage(objects)) found.push(finding)
  return found
}

const told = (found: readonly Finding[]) => found.map(({ severity, kind, key }) => `${severity} ${kind} ${key}`)

/** The one key that begins so. */
async function keyAt(registry: AccountRegistry, prefix: string): Promise<string> {
  const [key = '', ...more] = (await registry.keys()).filter((known) => known.startsWith(prefix))
  if (key === '' || more.length > 0) throw new Error(`there is not one key below ${prefix}`)
  return key
}

test('whatever accounts write is known, and sound', async () => {
  const registry = await populated()
  const keys = (await registry.keys()).filter((key) => key.startsWith('accounts/'))
  expect(new Set(keys.map((key) => key.split('/')[1]))).toEqual(
    new Set([
      'audit',
      'members',
      'memberships',
      'namespaces',
      'public',
      'token-uses',
      'tokens',
      'tokens-of',
      'trust-rules',
      'trusted-by',
    ]),
  )
  expect(keys.filter((key) => parseKey(key).kind === 'unknown')).toEqual([])
  expect(told(await findings(registry))).toEqual([])
})

test.each([
  ['accounts/memberships/', 'accounts/members/'],
  ['accounts/tokens-of/', 'accounts/tokens/'],
  ['accounts/trusted-by/', 'accounts/trust-rules/'],
])('a record whose hint below %s is gone is a breach, and a repair puts it back', async (hints, records) => {
  const registry = await populated()
  const [hint, record] = [await keyAt(registry, hints), await keyAt(registry, records)]
  await registry.objects.delete(hint)
  const [finding, ...more] = await findings(registry)
  expect(told(finding === undefined ? [] : [finding, ...more])).toEqual([`breach account-without-hint ${record}`])
  await finding?.repair?.()
  expect(await registry.keys()).toContain(hint)
  expect(told(await findings(registry))).toEqual([])
})

test.each([
  ['accounts/memberships/', 'accounts/members/'],
  ['accounts/tokens-of/', 'accounts/tokens/'],
  ['accounts/public/', 'catalog/'],
])('a hint below %s whose record is gone is a leak', async (hints, records) => {
  const registry = await populated()
  const hint = await keyAt(registry, hints)
  await registry.objects.delete(await keyAt(registry, records))
  expect(told(await findings(registry))).toContain(`leak account-hint-without-record ${hint}`)
})

test.each(['accounts/tokens/', 'accounts/trust-rules/'])(
  'an unreadable record below %s is a breach',
  async (records) => {
    const registry = await populated()
    const record = await keyAt(registry, records)
    await registry.objects.put(record, new TextEncoder().encode('{}'))
    expect(told(await findings(registry))).toEqual([`breach account-unreadable ${record}`])
  },
)

test.each([
  'accounts/',
  'accounts/other/x',
  'accounts/namespaces/A',
  'accounts/namespaces/a/b',
  'accounts/tokens/short',
  'accounts/members/acme',
  'accounts/public/app',
  'accounts/public/App!',
])('%s is no key of ours', (key) => {
  expect(parseKey(key)).toEqual({ kind: 'unknown' })
})
