import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { S3Settings } from '../../src/node/store.ts'
import { type Daemon, freePorts, isListening, startDaemon } from '../e2e/support/daemon.ts'
import { missingCommands } from '../e2e/support/missing-commands.ts'
import { run } from '../e2e/support/run.ts'
import { clusterConfig, monitorAddress } from './cluster-config.ts'

const COMMANDS = [
  ...['ceph', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'],
  'setpriv', // util-linux
]

/** A Ceph of our own that is running. */
export interface Ceph {
  /** An empty bucket, and the keys to it. */
  readonly s3: S3Settings
  /** Ends it, and all that it held is gone. */
  stop(): Promise<void>
}

/**
 * Starts Ceph, if this machine has it: Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common.
 *
 * @returns `null`, and says why, where it cannot run
 * @throws {Error} instead, in CI: there it must
 */
export async function startCephIfThere(): Promise<Ceph | null> {
  const missing = missingCommands(COMMANDS)
  if (missing.length === 0) return startCeph()
  if (process.env['CI']) throw new Error(`Cannot run Ceph: ${missing.join(', ')} not found`)
  console.warn(`Skipping every test on Ceph: ${missing.join(', ')} not found`)
  return null
}

/** Starts a whole Ceph on one node: a monitor, a disk in a file and an S3 gateway, on free ports of 127.0.0.1. */
export async function startCeph(): Promise<Ceph> {
  const folder = mkdtempSync(join(tmpdir(), 'roadstead-ceph-'))
  const daemons: Daemon[] = []
  const stop = async () => {
    for (const daemon of daemons.splice(0).reverse()) await daemon.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const [monitorPort = 0, gatewayPort = 0] = await freePorts(2)
    const id = randomUUID()
    writeFileSync(join(folder, 'ceph.conf'), clusterConfig({ folder, id, monitorPort, gatewayPort }))
    await startMonitor(folder, id, monitorPort, daemons)
    await startDisk(folder, daemons)
    const keys = { accessKeyId: randomBytes(10).toString('hex'), secretAccessKey: randomBytes(20).toString('hex') }
    await createUser(folder, keys)
    daemons.push(await start('radosgw', ['--name=client.admin'], folder, () => isListening(gatewayPort)))

    const endpoint = `http://127.0.0.1:${gatewayPort}`
    const s3 = await createBucket({ endpoint, bucket: 'roadstead', region: 'us-east-1', ...keys, pathStyle: 'true' })
    return { s3, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Makes the bucket that is named there. One that is ours already stays as it is. */
export async function createBucket(s3: S3Settings): Promise<S3Settings> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3
  const client = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true })
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    return s3
  } finally {
    client.destroy()
  }
}

async function startMonitor(folder: string, id: string, port: number, daemons: Daemon[]): Promise<void> {
  const keyring = join(folder, 'keyring')
  const monitorKeyring = join(folder, 'monitor-keyring')
  const map = join(folder, 'monitor-map')
  const all = ['mon', 'osd', 'mgr'].flatMap((kind) => ['--cap', kind, 'allow *'])
  await run('ceph-authtool', ['--create-keyring', keyring, '--gen-key', '--name=client.admin', ...all])
  await run('ceph-authtool', ['--create-keyring', monitorKeyring, '--gen-key', '--name=mon.', ...all.slice(0, 3)])
  await run('ceph-authtool', [monitorKeyring, '--import-keyring', keyring])
  await run('monmaptool', ['--create', '--fsid', id, '--addv', 'a', monitorAddress(port), map])
  await run('ceph-mon', [...['--mkfs', '--id=a', `--monmap=${map}`, `--keyring=${monitorKeyring}`, conf(folder)]])
  daemons.push(await start('ceph-mon', ['--id=a'], folder, () => isListening(port)))
}

async function startDisk(folder: string, daemons: Daemon[]): Promise<void> {
  const uuid = randomUUID()
  const { stdout } = await run('ceph-authtool', ['--gen-print-key'])
  const key = stdout.trim()
  mkdirSync(join(folder, 'disk'))
  writeFileSync(join(folder, 'disk/keyring'), `[osd.0]\nkey = ${key}\n`)
  writeFileSync(join(folder, 'disk.json'), JSON.stringify({ cephx_secret: key }))
  await run('ceph', [conf(folder), 'osd', 'new', uuid, '0', '-i', join(folder, 'disk.json')])
  await run('ceph-osd', ['--mkfs', '--id=0', `--osd-uuid=${uuid}`, conf(folder)])
  daemons.push(await start('ceph-osd', ['--id=0'], folder, () => true)) // whoever uses it waits for it
}

async function createUser(folder: string, keys: { accessKeyId: string; secretAccessKey: string }): Promise<void> {
  await run('radosgw-admin', [
    ...['user', 'create', '--uid=roadstead', '--display-name=roadstead', conf(folder)],
    ...[`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`],
  ])
}

/** A daemon in the foreground that ends with this process, however this ends. */
function start(command: string, args: string[], folder: string, ready: () => boolean | Promise<boolean>) {
  const options = { cwd: folder, log: join(folder, `${command}.out`), ready }
  return startDaemon('setpriv', ['--pdeathsig=KILL', command, '--foreground', conf(folder), ...args], options)
}

function conf(folder: string): string {
  return `--conf=${join(folder, 'ceph.conf')}`
}
