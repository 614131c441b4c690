import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, createAccounts } from './support/accounts.ts'
import {
  clearClients,
  type ClientName,
  clients,
  clientsOf,
  describeWithClients,
  folder,
  images,
  s3,
} from './support/clients.ts'
import { type RunningRegistry, startRegistryWithAccounts } from './support/registry.ts'

const NAMES = Object.keys(clients) as ClientName[]

/** Users of the registry, and nobody, who has not logged in. `cat` may write to one repository only. */
const PEOPLE = ['nobody', 'ann', 'ben', 'cat', 'eve'] as const
type Person = (typeof PEOPLE)[number]

/** What a client says, whether somebody has logged in or not. */
const DENIED: Readonly<Record<ClientName, RegExp>> = {
  docker: /denied: requested access to the resource is denied/,
  podman: /denied: requested access to the resource is denied|403 \(Forbidden\)/,
  skopeo: /denied: requested access to the resource is denied|403 \(Forbidden\)/,
  ctr: /403 Forbidden|authorization failed/,
}

describeWithClients('an organisation of a registry with accounts', () => {
  const people = {} as Record<Person, typeof clients>
  let running: RunningRegistry
  let accounts: Accounts
  const digests = new Map<ClientName, string>()
  const at = (name: string, tag = 'v1') => `${running.host}/crew/${name}:${tag}`

  beforeAll(async () => {
    await clearClients()
    const registry = await startRegistryWithAccounts(join(folder, 'accounts'), s3)
    running = registry
    accounts = createAccounts(registry)
    await accounts.addOrganisation('crew')
    for (const person of PEOPLE) people[person] = clientsOf(person)
    for (const person of ['ann', 'ben', 'cat', 'eve'] as const) {
      const login = await accounts.addUser(person)
      for (const name of NAMES) await people[person][name].login(running.host, login)
    }
    await accounts.addUser('dora')
    await accounts.setMember('crew', 'ann', 'writer')
    await accounts.setMember('crew', 'ben', 'reader')
    await accounts.setMember('crew', 'cat', null, { 'crew/tools': 'writer' })
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await clearClients()
  })

  async function push(person: Person, name: ClientName, reference: string, image = images['app-v1']): Promise<string> {
    await people[person][name].load(image, reference)
    return people[person][name].push(reference)
  }

  async function pull(person: Person, name: ClientName, reference: string): Promise<string> {
    await people[person][name].clear()
    const { digest, diffIds, files } = await people[person][name].pull(reference, images['app-v1'].paths)
    expect({ diffIds, files }).toEqual({ diffIds: images['app-v1'].diffIds, files: images['app-v1'].files })
    return digest
  }

  test.for(NAMES)('%s: a writer pushes, and a reader pulls', async (name) => {
    const digest = await push('ann', name, at(`by-${name}`))
    digests.set(name, digest)
    expect(await pull('ben', name, at(`by-${name}`))).toBe(digest)
  })

  test.for(NAMES.flatMap((name) => (['ben', 'eve', 'nobody'] as const).map((person) => [name, person] as const)))(
    '%s: %s may not push, neither over what is there nor beside it',
    async ([name, person]) => {
      // Layers that are there already, so that a reader's push fails at the manifest; and new ones.
      const [known, fresh] = [at(`by-${name}`, 'v2'), at('not-there')]
      await expect(push(person, name, known), known).rejects.toThrow(DENIED[name])
      await expect(push(person, name, fresh, images['app-v2']), fresh).rejects.toThrow(DENIED[name])
    },
  )

  test.for(NAMES.flatMap((name) => (['eve', 'nobody'] as const).map((person) => [name, person] as const)))(
    '%s: what is private looks to %s as if it were not there',
    async ([name, person]) => {
      const said = await refusal(person, name, `by-${name}`)
      expect(said).toMatch(DENIED[name])
      expect(said).toBe(await refusal(person, name, 'not-there'))
      if (name === 'docker') expect(said).toContain("repository does not exist or may require 'docker login'")
    },
  )

  /** What a client says of a pull that fails, without what is another at each attempt. */
  async function refusal(person: Person, name: ClientName, repository: string): Promise<string> {
    const error: unknown = await pull(person, name, at(repository)).catch((thrown: unknown) => thrown)
    const isProgress = (line: string) => /\||^elapsed:/.test(line)
    return String(error)
      .replaceAll(repository, 'REPOSITORY')
      .replaceAll(/time="\S+"|pulled-\w+/g, '')
      .split('\n')
      .filter((line) => !isProgress(line))
      .join('\n')
  }

  test.for(NAMES)('%s: nobody pulls what is public, as long as it is', async (name) => {
    await accounts.setVisibility(`crew/by-${name}`, 'public')
    expect(await pull('nobody', name, at(`by-${name}`))).toBe(digests.get(name))

    await accounts.setVisibility(`crew/by-${name}`, 'private')
    await expect(pull('nobody', name, at(`by-${name}`))).rejects.toThrow(DENIED[name])
  })

  test.for(['docker', 'ctr'] as const)('%s: a role in one repository is for that one alone', async (name) => {
    const digest = await push('cat', name, at('tools'))
    expect(await pull('cat', name, at('tools'))).toBe(digest)
    await expect(push('cat', name, at('other-tools'))).rejects.toThrow(DENIED[name])
    await expect(pull('cat', name, at('not-there'))).rejects.toThrow(DENIED[name])
  })

  test('docker: a role that changes counts at the next push', async () => {
    await accounts.setMember('crew', 'ben', 'writer')
    expect(await push('ben', 'docker', at('by-docker', 'v2'))).toBe(digests.get('docker'))
    await accounts.setMember('crew', 'ben', 'reader')
    await expect(push('ben', 'docker', at('by-docker', 'v3'))).rejects.toThrow(DENIED.docker)
  })

  const REVOKED = [
    ['docker', /unauthorized: authentication required/],
    ['podman', /unauthorized: authentication required|invalid username\/password/],
    ['skopeo', /unauthorized: authentication required|invalid username\/password/],
    ['ctr', /401 Unauthorized/],
  ] as const

  test.for(REVOKED)('%s: a token that is revoked between two pushes fails the second one', async ([name, words]) => {
    const token = await accounts.addToken('dora')
    const { [name]: client } = clientsOf(`${name}-of-dora`)
    const reference = `${running.host}/dora/by-${name}:v1`
    await client.login(running.host, token)
    await client.load(images['app-v1'], reference)
    await client.push(reference)
    await accounts.revokeToken(token)
    await expect(client.push(reference)).rejects.toThrow(words)
  })
})
