import { join } from 'node:path'
import { describe, inject } from 'vitest'
import { createCtr } from '../clients/ctr.ts'
import { createDocker } from '../clients/docker.ts'
import { createPodman } from '../clients/podman.ts'
import { createSkopeo } from '../clients/skopeo.ts'

export const { account, engine, folder, images, missing, namedRegistry, registry, s3 } = inject('e2e')

/** A repository of the registry that all tests share, or of another one. */
export function repository(name: string, host = registry): string {
  return `${host}/${account}/${name}`
}

/** The tests of one file, skipped where clients are missing. */
export const describeWithClients = describe.skipIf(missing.length > 0)

export const docker = createDocker(engine.host, join(folder, 'docker'))
export const podman = createPodman(join(folder, 'podman'))
export const skopeo = createSkopeo(join(folder, 'skopeo'))
export const ctr = createCtr(engine.containerd, join(folder, 'ctr'))

export const clients = { docker, podman, skopeo, ctr }
export type ClientName = keyof typeof clients

/** The clients in the hands of somebody else: the stores are the same ones, what they have logged in with is not. */
export function clientsOf(person: string): typeof clients {
  const own = join(folder, 'people', person)
  return {
    docker: createDocker(engine.host, join(own, 'docker')),
    podman: createPodman(join(folder, 'podman'), join(own, 'podman-auth.json')),
    skopeo: createSkopeo(join(own, 'skopeo'), join(own, 'skopeo-auth.json')),
    ctr: createCtr(engine.containerd, join(own, 'ctr')),
  }
}

/** Every client's store is empty after this. */
export async function clearClients(): Promise<void> {
  for (const client of Object.values(clients)) await client.clear()
}
