import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { ConfigJson, Descriptor, IndexJson, Login, ManifestJson } from '../clients/client.ts'
import { digestOf } from './digest.ts'

/** What docker and podman understand, in the order of preference that skopeo has. */
const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ')

/** An image as the registry serves it. */
export interface ServedImage {
  readonly digest: string
  /** Of the manifest. */
  readonly size: number
  readonly config: string
  /** The manifest's descriptors: its config, then its layers. */
  readonly blobs: readonly Descriptor[]
  readonly diffIds: readonly string[]
}

/** The address of a reference's manifest in the API. */
export function manifestUrl(reference: string): string {
  const [, host = '', name = '', tagOrDigest = ''] = /^([^/]+)\/(.+?)[:@]([^/]+)$/.exec(reference) ?? []
  return `http://${host}/v2/${name}/manifests/${tagOrDigest}`
}

/** The header that says who is asking; none for nobody. */
export function authorization(login: Login | null): Record<string, string> {
  if (login === null) return {}
  return { Authorization: `Basic ${btoa(`${login.username}:${login.password}`)}` }
}

/** The bytes that a reference names, read through the API, and checked against the digest the registry says they have. */
export async function readManifest(
  reference: string,
  login: Login | null = null,
): Promise<{ digest: string; text: string }> {
  const response = await fetch(manifestUrl(reference), { headers: { Accept: ACCEPT, ...authorization(login) } })
  const text = await response.text()
  expect(response.status, `${reference}: ${text}`).toBe(200)
  const digest = digestOf(text)
  expect(response.headers.get('Docker-Content-Digest')).toBe(digest)
  return { digest, text }
}

/** An index's children, each of them read in whole. */
export async function readIndex(reference: string): Promise<{ digest: string; images: readonly ServedImage[] }> {
  const { digest, text } = await readManifest(reference)
  const { manifests } = JSON.parse(text) as IndexJson
  const repository = reference.replace(/[:@][^/]*$/, '')
  const images = []
  for (const child of manifests) {
    const image = await readImage(`${repository}@${child.digest}`)
    expect(image, `the child of ${reference}`).toMatchObject({ digest: child.digest, size: child.size })
    images.push(image)
  }
  return { digest, images }
}

/** Reads an image through the API alone, and checks that each digest and each size in its manifest is true. */
export async function readImage(reference: string, login: Login | null = null): Promise<ServedImage> {
  const headers = authorization(login)
  const { digest, text } = await readManifest(reference, login)
  const manifest = JSON.parse(text) as ManifestJson
  const blobs = [manifest.config, ...manifest.layers].map(({ digest, size }) => ({ digest, size }))
  const base = manifestUrl(reference).replace(/manifests\/[^/]*$/, 'blobs/')
  const served = []
  for (const { digest } of blobs) served.push(await readBlob(`${base}${digest}`, headers))
  expect(served, `the blobs of ${reference}`).toEqual(blobs.map((blob) => ({ ...blob, length: blob.size })))

  const config = await (await fetch(`${base}${manifest.config.digest}`, { headers })).json<ConfigJson>()
  return {
    digest,
    size: new TextEncoder().encode(text).length,
    config: manifest.config.digest,
    blobs,
    diffIds: config.rootfs.diff_ids,
  }
}

/** `length` as the HEAD says, `digest` and `size` of the bytes that a GET ends with. */
async function readBlob(
  url: string,
  headers: Record<string, string>,
): Promise<{ digest: string; size: number; length: number }> {
  const head = await fetch(url, { method: 'HEAD', headers })
  const response = await fetch(url, { headers })
  expect([head.status, response.status], url).toEqual([200, 200])
  const hash = createHash('sha256')
  let size = 0
  const body = response.body as ReadableStream<Uint8Array>
  for await (const chunk of body) {
    hash.update(chunk)
    size += chunk.byteLength
  }
  return { digest: `sha256:${hash.digest('hex')}`, size, length: Number(head.headers.get('Content-Length')) }
}
