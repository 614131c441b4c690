import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { createAuthority, type Authority } from '../../node/support/certificates.ts'
import { type Daemon, freePorts, startDaemon } from './daemon.ts'

const REPOSITORY_FOLDER = resolve(import.meta.dirname, '../../..')
const HOSTS = '/etc/hosts'

export interface TlsRegistry {
  /** As a client names it, with its port. */
  readonly host: string
  /** Where layers come from. */
  readonly storagePort: number
  /** That which has signed its certificate. */
  readonly authority: Authority
  readonly adminToken: string
  readonly daemon: Daemon
}

/**
 * The loopback address at which docker looks at certificates: it lets everything of 127.0.0.0/8 pass for secure, whoever
 * has signed it. `null` where this machine has no IPv6.
 */
export function verifiedLoopback(): string | null {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  return addresses.some(({ address }) => address === '::1') ? '::1' : null
}

/** Maps `name` to `address` until the returned function is called. */
export function mapName(name: string, address: string): () => void {
  const line = `${address} ${name} # for the TLS tests of process ${process.pid}\n`
  appendFileSync(HOSTS, line)
  return () => {
    writeFileSync(HOSTS, readFileSync(HOSTS, 'utf8').replace(line, ''))
  }
}

/** Starts Roadstead as its user does, with accounts, at `address` and with a certificate for `name`. */
export async function startTlsRegistry(folder: string, name: string, address: string): Promise<TlsRegistry> {
  mkdirSync(folder, { recursive: true })
  const authority = createAuthority(folder)
  const { cert, key } = authority.issue('server', [`DNS:${name}`])
  const [port = 0, storagePort = 0] = await freePorts(2)
  const data = join(folder, 'data')
  const options = [
    ...['--host', address, '--port', String(port), '--storage-port', String(storagePort), '--data', data],
    ...['--tls-cert', cert, '--tls-key', key],
  ]
  const daemon = await startDaemon('npm', ['start', '--', ...options], {
    cwd: REPOSITORY_FOLDER,
    // Those of the machine's own user must not reach the registry.
    env: { S3_ENDPOINT: '', ADMIN_TOKEN: '', TOKEN_SECRET: '', PUBLIC_ORIGIN: '' },
    log: join(folder, 'registry.log'),
    ready: (log) => log.includes('Roadstead is ready'),
  })
  const adminToken = readFileSync(join(data, 'admin-token'), 'utf8').trim()
  return { host: `${name}:${port}`, storagePort, authority, adminToken, daemon }
}

/** Has the clients that look into `folder` (`/etc/docker/certs.d` and the like) trust an authority for one registry. */
export function trust(folder: string, { host, authority }: TlsRegistry): () => void {
  const own = join(folder, host)
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'ca.crt'), readFileSync(authority.file))
  return () => {
    rmSync(own, { recursive: true })
  }
}

/** What containerd looks up for a registry in its `hosts_dir`. */
export function writeHostsToml(folder: string, { host, authority }: TlsRegistry): void {
  mkdirSync(join(folder, host), { recursive: true })
  const lines = [`server = "https://${host}"`, `[host."https://${host}"]`, `  ca = "${authority.file}"`]
  writeFileSync(join(folder, host, 'hosts.toml'), `${lines.join('\n')}\n`)
}
