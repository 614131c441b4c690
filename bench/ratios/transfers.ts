import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { createDocker } from '../../test/e2e/clients/docker.ts'
import { run } from '../../test/e2e/support/run.ts'
import { writeDockerArchive, writeOciLayout } from './fresh-image.ts'

/** An image of fresh bytes, ready to go. */
export interface Transfer {
  push(): Promise<unknown>
  pull(): Promise<unknown>
  /** Takes away all that the client keeps, so that a pull has to fetch every byte. */
  clear(): Promise<unknown>
}

/** @param reference where to push it to: `127.0.0.1:PORT/name:tag` */
export type Prepare = (layerSizes: readonly number[], reference: string) => Promise<Transfer>

/**
 * skopeo between folders and a registry. The layers are in gzip's framing already: it copies and hashes, no more.
 *
 * @param folder that exists
 */
export function skopeo(folder: string): Prepare {
  const [source, target] = [join(folder, 'pushed'), join(folder, 'pulled')]
  return async (layerSizes, reference) => {
    await writeOciLayout(source, layerSizes)
    return {
      push: () => run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${source}:v1`, `docker://${reference}`]),
      pull: () => run('skopeo', ['copy', '--src-tls-verify=false', `docker://${reference}`, `dir:${target}`]),
      async clear() {
        for (const path of [source, target]) await rm(path, { recursive: true, force: true })
      },
    }
  }
}

/**
 * docker's classic store. It compresses what it pushes, and unpacks what it pulls: most of the time goes there.
 *
 * @param folder that exists
 */
export function docker(host: string, folder: string): Prepare {
  const command = createDocker(host, join(folder, 'client'))
  return async (layerSizes, reference) => {
    const work = await mkdtemp(join(folder, 'image-'))
    const archive = join(work, 'image.tar')
    await writeDockerArchive(archive, join(work, 'parts'), reference, layerSizes)
    await command('image', 'load', '--input', archive)
    await rm(work, { recursive: true })
    return {
      push: () => command('image', 'push', reference),
      pull: () => command('image', 'pull', reference),
      clear: () => command.clear(),
    }
  }
}
