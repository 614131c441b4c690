import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { manifestUrl, readImage } from './support/api.ts'
import { clearClients, ctr, describeWithClients, docker, folder, images, repository, s3 } from './support/clients.ts'
import { isListening, until } from './support/daemon.ts'
import { descendants, isAlive } from './support/processes.ts'
import { type RunningRegistry, startByNpm } from './support/registry.ts'
import { bytesArrived, listStorage } from './support/storage.ts'

/** A sixth of the layer: the push is under way, and far from its end. */
const ARRIVED_BYTES = 50_000_000
const END_SECONDS = 30

describeWithClients('kill -9 of npm start in the middle of a push', () => {
  const ownFolder = join(folder, 'kill')
  const image = images.large
  let running: RunningRegistry
  let reference: string

  beforeAll(async () => {
    await clearClients()
    running = await startByNpm(ownFolder, s3)
    reference = `${repository('large', running.host)}:v1`
    await docker.load(image, reference)
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await clearClients()
  })

  /** Which processes to kill, of npm (the first of its group) and all that it has started. */
  const KILLS: readonly (readonly [what: string, victims: (npm: number, command: number) => number[]])[] = [
    ['the whole command, as kill -9 of the job does', (npm) => [-npm]],
    ['npm alone', (npm) => [npm]],
    ['the node that npm has started', (_, command) => [command]],
  ]

  test.for(KILLS)('%s: no process is left, no port is held, and it starts again', async ([, victims]) => {
    const before = await bytesArrived(running)
    const ending = new AbortController()
    const push = docker.with({ signal: ending.signal })('image', 'push', reference)
    push.catch(() => undefined) // it is looked at below
    await until('bytes in storage', async () => (await bytesArrived(running)) > before + ARRIVED_BYTES, 120)

    const { pid: npm } = running.daemon
    const processes = await descendants(npm)
    const command = firstNode(processes)
    for (const pid of victims(npm, command)) process.kill(pid, 'SIGKILL')
    try {
      await until('its processes to end', () => ![npm, ...processes].some(isAlive), END_SECONDS)
    } finally {
      for (const pid of processes.filter(isAlive)) process.kill(pid, 'SIGKILL')
      ending.abort() // docker would try again for a while
    }
    await expect(push).rejects.toThrow('Cannot run')
    expect(await Promise.all(running.ports.map(isListening))).toEqual([false, false])

    running = await startByNpm(ownFolder, s3, running.ports)
    expect((await fetch(manifestUrl(reference))).status, 'of the manifest that was never pushed').toBe(404)
  })

  test('the same push then succeeds, and all of it can be pulled', async () => {
    const digest = await docker.push(reference)
    const served = await readImage(reference)
    expect(served).toMatchObject({ digest, config: image.id, diffIds: image.diffIds })

    await clearClients()
    const expected = { digest, config: image.id, diffIds: image.diffIds, files: image.files }
    expect(await ctr.pull(reference, image.paths)).toEqual(expected)

    await running.daemon.stop('SIGINT')
    const { blobs } = await listStorage(running)
    expect(blobs, 'nothing torn').toEqual(new Map(served.blobs.map(({ digest, size }) => [digest, size])))
  })
})

/** The registry's own first process: npm may have a shell in between, with the same words on its command line. */
function firstNode(processes: readonly number[]): number {
  const holds = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/node/start.ts')
  const first = processes.findLast(holds)
  if (first === undefined) throw new Error('Cannot find the process of the registry') // kill(0) would end this one
  return first
}
