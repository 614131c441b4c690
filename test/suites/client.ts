import { createHash, randomBytes } from 'node:crypto'

import { expect } from 'vitest'

import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import type { RegistryUnderTest } from './registry-under-test.ts'

export function digestOf(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

export function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(size))
}

/** A body whose length the other side does not know, in pieces of odd sizes. */
export function streamOf(bytes: Uint8Array, pieceBytes = 65_537): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) {
        controller.close()
        return
      }
      controller.enqueue(bytes.slice(at, at + pieceBytes))
      at += pieceBytes
    },
  })
}

/** Status and error codes, in one value to compare. */
export async function outcome(response: Response): Promise<string> {
  const text = await response.text()
  if (response.status < 400 || text === '') return String(response.status)
  const body = JSON.parse(text) as { errors: { code: string; message: string; detail?: unknown }[] }
  for (const error of body.errors) expect(error.message).not.toBe('')
  return `${response.status} ${body.errors.map(({ code }) => code).join(' ')}`
}

export function locationOf(response: Response): string {
  const url = new URL(response.headers.get('Location') ?? '', 'http://registry.test')
  return url.pathname + url.search
}

/** The path of a `Location` with one more query parameter, as clients append it. */
export function closing(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
}

export async function startUpload(registry: RegistryUnderTest, repository: string): Promise<string> {
  const response = await registry.fetch(`/v2/${repository}/blobs/uploads/`, { method: 'POST' })
  expect(response.status).toBe(202)
  return locationOf(response)
}

export async function pushBlob(registry: RegistryUnderTest, repository: string, bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes)
  const location = await startUpload(registry, repository)
  const response = await registry.fetch(closing(location, digest), { method: 'PUT', body: bytes as BodyInit })
  expect(await outcome(response)).toBe('201')
  return digest
}

export async function pullBlob(registry: RegistryUnderTest, repository: string, digest: string): Promise<Uint8Array> {
  const redirect = await registry.fetch(`/v2/${repository}/blobs/${digest}`)
  expect(redirect.status).toBe(307)
  const response = await registry.download(redirect.headers.get('Location') ?? '')
  expect(response.status).toBe(200)
  return new Uint8Array(await response.arrayBuffer())
}

export interface TestManifest {
  readonly text: string
  readonly digest: string
  readonly mediaType: string
}

export function manifestOf(document: Record<string, unknown>): TestManifest {
  const text = JSON.stringify({ schemaVersion: 2, ...document }, null, 2)
  return { text, digest: digestOf(text), mediaType: String(document['mediaType']) }
}

/** An image manifest over blobs that have been pushed; made unique by an annotation. */
export function imageOf(
  config: Uint8Array,
  layers: readonly Uint8Array[],
  more: Record<string, unknown> = {},
): TestManifest {
  return manifestOf({
    mediaType: OCI_IMAGE_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(layer),
      size: layer.length,
    })),
    ...more,
  })
}

export function indexOf(manifests: readonly TestManifest[]): TestManifest {
  return manifestOf({
    mediaType: OCI_IMAGE_INDEX,
    manifests: manifests.map(({ mediaType, digest, text }) => ({ mediaType, digest, size: text.length })),
  })
}

export async function putManifest(
  registry: RegistryUnderTest,
  repository: string,
  reference: string,
  { text, mediaType }: Pick<TestManifest, 'text' | 'mediaType'>,
): Promise<Response> {
  const headers = { 'Content-Type': mediaType }
  return registry.fetch(`/v2/${repository}/manifests/${reference}`, { method: 'PUT', body: text, headers })
}

/** Pushes a small image of its own, and answers its manifest. */
export async function pushImage(
  registry: RegistryUnderTest,
  repository: string,
  reference: string,
): Promise<TestManifest> {
  const [config, layer] = [bytesOf(40), bytesOf(60)]
  for (const blob of [config, layer]) await pushBlob(registry, repository, blob)
  const image = imageOf(config, [layer])
  expect(await outcome(await putManifest(registry, repository, reference, image))).toBe('201')
  return image
}
