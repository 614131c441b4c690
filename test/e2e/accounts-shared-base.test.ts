import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Login } from './clients/client.ts'
import { createAccounts } from './support/accounts.ts'
import { authorization, readImage, type ServedImage } from './support/api.ts'
import { clearClients, clientsOf, describeWithClients, folder, images, s3 } from './support/clients.ts'
import { type RegistryWithAccounts, startRegistryWithAccounts } from './support/registry.ts'
import { listStorage } from './support/storage.ts'

type Organisation = 'north' | 'south'

/** Neither may see what the other has. As shared-base.test.ts, on a registry that is stopped to look into its storage. */
describeWithClients('two organisations that share a base', () => {
  const ownFolder = join(folder, 'accounts-shared-base')
  let running: RegistryWithAccounts
  const robots = {} as Record<Organisation, Login>
  const dockers = {} as Record<Organisation, ReturnType<typeof clientsOf>['docker']>
  const served: Record<string, ServedImage> = {}

  beforeAll(async () => {
    await clearClients()
    running = await startRegistryWithAccounts(ownFolder, s3)
    const accounts = createAccounts(running)
    for (const organisation of ['north', 'south'] as const) {
      robots[organisation] = await accounts.addOrganisation(organisation)
      dockers[organisation] = clientsOf(organisation).docker
      await dockers[organisation].login(running.host, robots[organisation])
    }
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await clearClients()
  })

  /** What docker says last of each layer, the lowest one first. */
  async function push(organisation: Organisation, name: string, image: 'debian' | 'debian-too'): Promise<string[]> {
    const docker = dockers[organisation]
    const reference = `${running.host}/${organisation}/${name}:v1`
    await docker.load(images[image], reference)
    const { stdout } = await docker('image', 'push', reference)
    served[name] = await readImage(reference, robots[organisation])
    const said = (diffId: string) => new RegExp(`^${diffId.slice(7, 19)}: (?!Preparing|Waiting)(.*)$`, 'm')
    return images[image].diffIds.map((diffId) => said(diffId).exec(stdout)?.[1] ?? '')
  }

  async function storedBlobs(): Promise<ReadonlyMap<string, number>> {
    await running.daemon.stop('SIGINT')
    const { blobs, uploads } = await listStorage(running)
    running = await startRegistryWithAccounts(ownFolder, s3, { ports: running.ports })
    expect(uploads).toEqual(new Map())
    return blobs
  }

  function blobsOf(...names: string[]): Map<string, number> {
    const blobs = names.flatMap((name) => served[name]?.blobs ?? [])
    return new Map(blobs.map(({ digest, size }) => [digest, size]))
  }

  function base(): string {
    return served['a']?.blobs[1]?.digest ?? ''
  }

  test('the first one sends all', async () => {
    expect(await push('north', 'a', 'debian')).toEqual(['Pushed', 'Pushed', 'Pushed'])
  })

  test.for([
    ['GET', 'south/b/blobs/DIGEST', 404, 'BLOB_UNKNOWN'],
    ['GET', 'north/a/blobs/DIGEST', 403, 'DENIED'],
    ['POST', 'south/b/blobs/uploads/?mount=DIGEST&from=north/a', 202, null],
    ['POST', 'south/b/blobs/uploads/?mount=DIGEST', 202, null],
  ] as const)('the other one does not reach the base by its digest: %s %s answers %i', async (row) => {
    const [method, path, status, code] = row
    const url = `http://${running.host}/v2/${path.replace('DIGEST', base())}`
    const response = await fetch(url, { method, headers: authorization(robots.south) })
    const text = await response.text()
    const errors = text === '' ? [] : (JSON.parse(text) as { errors: { code: string }[] }).errors
    expect([response.status, errors[0]?.code ?? null]).toEqual([status, code])
  })

  test('the other one sends the base again, and it is stored once', async () => {
    expect(await push('south', 'b', 'debian-too')).toEqual(['Pushed', 'Pushed', 'Pushed'])
    expect(served['b']?.blobs[1]).toEqual(served['a']?.blobs[1])
    expect(await storedBlobs()).toEqual(blobsOf('a', 'b'))
    expect(blobsOf('a', 'b').size).toBe(blobsOf('a').size + 3) // two layers and the config
  })

  test('within one of them, another repository is sent nothing', async () => {
    const mounted = expect.stringMatching(/^(Mounted from north\/a|Layer already exists)$/) as string
    expect(await push('north', 'c', 'debian')).toEqual([mounted, mounted, mounted])
    expect(served['c']).toEqual(served['a'])
  })
})
