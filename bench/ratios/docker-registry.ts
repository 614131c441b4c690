import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { S3Settings } from '../../src/node/store.ts'
import { freePorts, startDaemon, type Daemon } from '../../test/e2e/support/daemon.ts'

/**
 * Debian's docker-registry, which is distribution 2.8, with its own defaults; it logs no requests.
 *
 * @param s3 `null` to keep everything in files below `folder`
 */
export async function startDockerRegistry(
  folder: string,
  s3: S3Settings | null,
): Promise<{ host: string; daemon: Daemon }> {
  await mkdir(folder)
  const [port = 0] = await freePorts(1)
  const host = `127.0.0.1:${port}`
  const settings = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: s3 === null ? { filesystem: { rootdirectory: join(folder, 'files') } } : { s3: s3Driver(s3) },
    http: { addr: host, secret: 'bench' },
  }
  const config = join(folder, 'config.yml')
  await writeFile(config, JSON.stringify(settings)) // which is YAML too
  const daemon = await startDaemon('docker-registry', ['serve', config], {
    log: join(folder, 'log'),
    // A proxy of the machine is not for the loopback; with a bundle of certificates its S3 client does not start.
    env: { NO_PROXY: '*', AWS_CA_BUNDLE: '' },
    ready: () => answers(host),
  })
  return { host, daemon }
}

/** Below a folder of its own in the bucket that Roadstead uses. */
function s3Driver({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Settings) {
  return {
    regionendpoint: endpoint,
    region,
    bucket,
    accesskey: accessKeyId,
    secretkey: secretAccessKey,
    secure: false,
    rootdirectory: '/docker-registry',
  }
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  )
}
