import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'

export interface DockerEngine {
  /** For `DOCKER_HOST`. */
  readonly host: string
  /** The socket of the containerd that the engine keeps, for `ctr`. */
  readonly containerd: string
  readonly daemon: Daemon
}

/** A docker engine of our own below `folder`: it touches no bridge, no firewall and no other engine's images. */
export async function startDockerEngine(folder: string, insecureRegistry: string): Promise<DockerEngine> {
  mkdirSync(folder, { recursive: true })
  const socket = join(folder, 'docker.sock')
  const daemon = await startDaemon(
    'dockerd',
    [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
      ...['--host', `unix://${socket}`, '--insecure-registry', insecureRegistry],
      ...['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
    ],
    // A proxy of the machine is not for the loopback.
    { log: join(folder, 'dockerd.log'), env: { NO_PROXY: '*' }, ready: (log) => log.includes('API listen on') },
  )
  const containerd = join(folder, 'exec/containerd/containerd.sock')
  if (!existsSync(containerd)) throw new Error(`Cannot find the containerd of dockerd "${containerd}": no such file`)
  return { host: `unix://${socket}`, containerd, daemon }
}
