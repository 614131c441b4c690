import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PulledImage } from './clients/client.ts'
import {
  clearClients,
  type ClientName,
  clients,
  describeWithClients,
  folder,
  images,
  repository,
  s3,
} from './support/clients.ts'
import { isListening, until } from './support/daemon.ts'
import { descendants, isAlive } from './support/processes.ts'
import { type RunningRegistry, startRegistry } from './support/registry.ts'

const END_SECONDS = 30
const NAMES = Object.keys(clients) as ClientName[]

describeWithClients('Ctrl-C, and npm start again', () => {
  const ownFolder = join(folder, 'restart')
  let running: RunningRegistry
  const digests = new Map<ClientName, string>()
  const at = (name: ClientName) => `${repository(`by-${name}`, running.host)}:v1`

  beforeAll(async () => {
    await clearClients()
    running = await startRegistry(ownFolder, s3)
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await clearClients()
  })

  test.for(NAMES)('%s pushes before', async (name) => {
    await clients[name].load(images['app-v1'], at(name))
    digests.set(name, await clients[name].push(at(name)))
  })

  test('Ctrl-C ends every process, and the ports are free', async () => {
    const processes = await descendants(running.daemon.pid)
    expect(processes.length).toBeGreaterThan(0)
    await running.daemon.stop('SIGINT')
    await until('its processes to end', () => !processes.some(isAlive), END_SECONDS)
    expect(await Promise.all(running.ports.map(isListening))).toEqual([false, false])
  })

  test('the same command starts on the same ports and data', async () => {
    running = await startRegistry(ownFolder, s3, running.ports)
  })

  test.for(NAMES)('%s pulls by tag and by digest after', async (name) => {
    const { diffIds, paths, files } = images['app-v1']
    const expected: Partial<PulledImage> = { digest: digests.get(name) ?? '', diffIds, files }
    for (const reference of [at(name), at(name).replace(':v1', `@${digests.get(name) ?? ''}`)]) {
      await clients[name].clear()
      expect(await clients[name].pull(reference, paths)).toMatchObject(expected)
    }
  })
})
