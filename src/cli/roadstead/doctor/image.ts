import { createHash, randomBytes } from 'node:crypto'

export interface Content {
  readonly bytes: Uint8Array
  readonly digest: string
}

export interface TestImage {
  readonly config: Content
  readonly layer: Content
  readonly manifest: Content
}

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const LAYER_BYTES = 1000

export function contentOf(bytes: Uint8Array): Content {
  return { bytes, digest: digestOf(bytes) }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** An image that is nowhere yet. */
export function createImage(): TestImage {
  const layer = contentOf(randomBytes(LAYER_BYTES))
  const config = contentOf(
    encode({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] }, config: {} }),
  )
  return { config, layer, manifest: manifestOf({ config, layer }, 'first') }
}

/** @param note makes another manifest of the same blobs */
export function manifestOf({ config, layer }: Pick<TestImage, 'config' | 'layer'>, note: string): Content {
  const describe = (mediaType: string, { bytes, digest }: Content) => ({ mediaType, digest, size: bytes.length })
  return contentOf(
    encode({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
      annotations: { 'org.opencontainers.image.title': `roadstead doctor, ${note}` },
    }),
  )
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
