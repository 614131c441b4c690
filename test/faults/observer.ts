import { sameBytes } from '../storage/support/streams.ts'
import { digestOf, type TestManifest } from '../suites/client.ts'
import type { MemoryRegistry } from '../suites/registry-under-test.ts'
import { Misbehaviour } from './client.ts'

/** An image that others pull all the time. */
export interface Watched {
  readonly repository: string
  readonly tag: string
  /** What the tag may point to: two, while it moves. */
  readonly images: readonly TestManifest[]
  readonly blobs: readonly Uint8Array[]
}

/** Asks for what is there by HEAD, as a client does first: cheap enough for between any two steps. */
export async function glance(registry: MemoryRegistry, watched: readonly Watched[]): Promise<void> {
  for (const { repository, tag, images, blobs } of watched) {
    const head = await registry.fetch(`/v2/${repository}/manifests/${tag}`, { method: 'HEAD' })
    const digest = head.headers.get('Docker-Content-Digest')
    if (head.status !== 200 || !images.some((image) => image.digest === digest))
      throw new Misbehaviour(`meanwhile HEAD of ${repository}:${tag} is answered ${head.status} ${digest ?? ''}`)
    for (const blob of blobs) {
      const { status } = await registry.fetch(`/v2/${repository}/blobs/${digestOf(blob)}`, { method: 'HEAD' })
      if (status !== 200) throw new Misbehaviour(`meanwhile HEAD of a blob of ${repository} is answered ${status}`)
    }
  }
}

/** Pulls all of it, byte for byte. */
export async function pullAll(registry: MemoryRegistry, watched: readonly Watched[]): Promise<void> {
  for (const { repository, tag, images, blobs } of watched) {
    await pullManifest(registry, repository, tag, images)
    for (const blob of blobs) await pullBlob(registry, repository, digestOf(blob), blob)
  }
}

export async function pullManifest(
  registry: MemoryRegistry,
  repository: string,
  reference: string,
  images: readonly Pick<TestManifest, 'text' | 'mediaType'>[],
): Promise<void> {
  const response = await registry.fetch(`/v2/${repository}/manifests/${reference}`)
  const text = await response.text()
  const type = response.headers.get('Content-Type')
  if (response.status !== 200 || !images.some((image) => image.text === text && image.mediaType === type))
    throw new Misbehaviour(
      `the pull of ${repository}:${reference} is answered ${response.status} ${text.slice(0, 200)}`,
    )
}

export async function pullBlob(
  registry: MemoryRegistry,
  repository: string,
  digest: string,
  bytes: Uint8Array,
): Promise<void> {
  const head = await registry.fetch(`/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })
  if (head.status !== 200 || head.headers.get('Content-Length') !== String(bytes.length))
    throw new Misbehaviour(`HEAD of ${repository}@${digest} is answered ${head.status}`)
  const redirect = await registry.fetch(`/v2/${repository}/blobs/${digest}`)
  const response = await registry.download(redirect.headers.get('Location') ?? '')
  const pulled = new Uint8Array(await response.arrayBuffer())
  if (!sameBytes(pulled, bytes)) throw new Misbehaviour(`the pull of ${repository}@${digest} has other bytes`)
}

export async function expectAbsent(registry: MemoryRegistry, path: string): Promise<void> {
  const { status } = await registry.fetch(path)
  if (status !== 404) throw new Misbehaviour(`GET ${path.slice(0, 100)} is answered ${status}, and it should be gone`)
}
