import { bytesOf } from './bytes.ts'
import { equal, expectHeader, expectRefusal, expectStatus } from './check.ts'
import type { Client } from './client.ts'
import { pushBlob } from './blob-actions.ts'
import {
  algorithmOf,
  CONFIG,
  descriptorOf,
  digestOf,
  freshBytes,
  imageOf,
  LAYER,
  type Descriptor,
  type Manifest,
} from './content.ts'
import type { Answer } from './http.ts'

export const ALL_MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ')

export function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`
}

/** @param reference a tag or a digest; more may follow it, such as `?tag=` */
export function putManifest(
  client: Client,
  repository: string,
  reference: string,
  { bytes, mediaType }: Pick<Manifest, 'bytes' | 'mediaType'>,
): Promise<Answer> {
  const headers = { 'Content-Type': mediaType }
  return client.send('PUT', manifestPath(repository, reference), { headers, body: bytes })
}

export async function pushManifest(
  client: Client,
  repository: string,
  reference: string,
  manifest: Pick<Manifest, 'bytes' | 'mediaType'>,
): Promise<Answer> {
  return expectStatus(await putManifest(client, repository, reference, manifest), 201)
}

/** GET with an `Accept` of every kind. */
export function getManifest(client: Client, repository: string, reference: string): Promise<Answer> {
  return client.send('GET', manifestPath(repository, reference), { headers: { Accept: ALL_MANIFESTS } })
}

export function headManifest(client: Client, repository: string, reference: string): Promise<Answer> {
  return client.head(manifestPath(repository, reference), { Accept: ALL_MANIFESTS })
}

/** 200, byte for byte what was pushed, under its own media type. */
export function expectManifestBytes(answer: Answer, manifest: Pick<Manifest, 'bytes' | 'mediaType'>): void {
  expectStatus(answer, 200)
  equal(answer.bytes.length, manifest.bytes.length, 'bytes of the manifest')
  equal(digestOf(answer.bytes), digestOf(manifest.bytes), 'sha256 of the bytes of the manifest')
  expectHeader(answer, 'Content-Type', manifest.mediaType)
}

/** The manifest is there, by GET and by HEAD, whole. */
export async function expectManifest(
  client: Client,
  repository: string,
  reference: string,
  manifest: Pick<Manifest, 'bytes' | 'mediaType'>,
): Promise<void> {
  expectManifestBytes(await getManifest(client, repository, reference), manifest)
  const head = expectStatus(await headManifest(client, repository, reference), 200)
  equal(head.bytes.length, 0, 'bytes after the headers of HEAD')
  expectHeader(head, 'Content-Length', String(manifest.bytes.length))
}

/** The repository, which has other content, has nothing there. */
export async function expectNoManifest(client: Client, repository: string, reference: string): Promise<void> {
  expectRefusal(await getManifest(client, repository, reference), [404], ['MANIFEST_UNKNOWN'])
  const head = await headManifest(client, repository, reference)
  equal([head.status, head.bytes.length], [404, 0], 'status of HEAD, bytes after its headers')
}

/** Descriptors of a config and a layer that have been pushed. */
export async function pushParts(
  client: Client,
  repository: string,
): Promise<{ config: Descriptor; layer: Descriptor }> {
  const [config, layer] = [bytesOf(JSON.stringify({ architecture: 'amd64', os: 'linux' })), freshBytes(120)]
  for (const bytes of [config, layer]) await pushBlob(client, repository, bytes)
  return { config: descriptorOf(CONFIG, config), layer: descriptorOf(LAYER, layer) }
}

/** A small image of its own, not yet pushed, whose blobs are there. */
export async function prepareImage(
  client: Client,
  repository: string,
  more: Record<string, unknown> = {},
): Promise<Manifest> {
  const { config, layer } = await pushParts(client, repository)
  return imageOf(config, [layer], more)
}

export async function pushImage(
  client: Client,
  repository: string,
  reference: string | null,
  more: Record<string, unknown> = {},
): Promise<Manifest> {
  const image = await prepareImage(client, repository, more)
  await pushManifest(client, repository, reference ?? image.digest, image)
  return image
}

/** A digest header, when the registry sends it, is of what it sends, and of the algorithm that was asked for. */
export function expectDigestHeader(answer: Answer, digest: string): void {
  const found = [...answer.redirects, answer].flatMap(({ values }) => values('Docker-Content-Digest'))
  equal([...new Set(found)], [digest], `Docker-Content-Digest (${algorithmOf(digest)})`)
}
