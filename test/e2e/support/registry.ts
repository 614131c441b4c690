import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Daemon, freePorts, startDaemon } from './daemon.ts'

const REPOSITORY_FOLDER = resolve(import.meta.dirname, '../../..')

export interface RunningRegistry {
  /** As a client names it: `localhost:PORT`. */
  readonly host: string
  readonly ports: readonly [port: number, storagePort: number]
  /** Its data folder. */
  readonly data: string
  readonly daemon: Daemon
}

/** Starts Roadstead as its user does, below `folder`; on the given ports when it is to be found again. */
export async function startRegistry(folder: string, ports?: readonly [number, number]): Promise<RunningRegistry> {
  const [port = 0, storagePort = 0] = ports ?? (await freePorts(2))
  const data = join(folder, 'data')
  mkdirSync(folder, { recursive: true })
  const options = ['--port', String(port), '--storage-port', String(storagePort), '--data', data]
  const daemon = await startDaemon('npm', ['start', '--', ...options], {
    cwd: REPOSITORY_FOLDER,
    log: join(folder, 'registry.log'),
    ready: (log) => log.includes('Roadstead is ready'),
  })
  return { host: `localhost:${port}`, ports: [port, storagePort], data, daemon }
}
