import { expect } from 'vitest'

import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parseManifest, type Manifest } from '../../../src/oci/manifest.ts'
import { OCI_IMAGE_MANIFEST } from '../../../src/oci/media-types.ts'
import { refusal } from './refusal.ts'

export const CONFIG = descriptor('application/vnd.oci.image.config.v1+json', 'config')
export const LAYER = descriptor('application/vnd.oci.image.layer.v1.tar+gzip', 'layer')
export const OTHER_LAYER = descriptor('application/vnd.oci.image.layer.v1.tar', 'other layer', 'sha512')
export const FOREIGN_LAYER = {
  ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'foreign'),
  urls: ['https://example.test/layer'],
}
export const CHILD = descriptor(OCI_IMAGE_MANIFEST, 'child')

export const IMAGE = { schemaVersion: 2, config: CONFIG, layers: [LAYER, OTHER_LAYER] }
export const INDEX = { schemaVersion: 2, manifests: [CHILD] }

export function descriptor(mediaType: string, text: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Descriptor {
  const bytes = new TextEncoder().encode(text)
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length }
}

export function parse(document: unknown, contentType: string | null): Manifest {
  return parseManifest(new TextEncoder().encode(JSON.stringify(document)), contentType)
}

export function expectInvalid(document: unknown, contentType: string | null, detail: RegExp): void {
  const { code, status, details } = refusal(() => parse(document, contentType))
  expect({ code, status }).toEqual({ code: 'MANIFEST_INVALID', status: 400 })
  expect(details).toEqual([expect.stringMatching(detail)])
}
