import { createHash, randomBytes } from 'node:crypto'

import { bytesOf } from './bytes.ts'

export type Algorithm = 'sha256' | 'sha512'

export const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha512']

export const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
export const INDEX = 'application/vnd.oci.image.index.v1+json'
export const CONFIG = 'application/vnd.oci.image.config.v1+json'
export const LAYER = 'application/vnd.oci.image.layer.v1.tar'
export const EMPTY = 'application/vnd.oci.empty.v1+json'

/** The blob of two bytes that stands for no config. */
export const EMPTY_BYTES = bytesOf('{}')

/** Bytes that no registry has seen before. */
export function freshBytes(size: number): Uint8Array {
  return new Uint8Array(randomBytes(size)) // comparisons tell a Buffer from it
}

/** As fresh, and such that a compressing server would find them worth it. */
export function freshText(size: number): Uint8Array {
  return bytesOf(`${randomBytes(8).toString('hex')} ${'all work and no play '.repeat(size / 20)}`.slice(0, size))
}

export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** A digest of the right form that nothing has. */
export function unknownDigest(algorithm: Algorithm = 'sha256'): string {
  return digestOf(randomBytes(32), algorithm)
}

export function algorithmOf(digest: string): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

export interface Descriptor extends Record<string, unknown> {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export function descriptorOf(
  mediaType: string,
  bytes: Uint8Array,
  more: Record<string, unknown> = {},
  algorithm: Algorithm = 'sha256',
): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length, ...more }
}

/** A manifest as it is pushed. */
export interface Manifest {
  readonly bytes: Uint8Array
  /** Of the request and of the answers; the document need not say it. */
  readonly mediaType: string
  /** sha256. */
  readonly digest: string
}

/** Spaced as no JSON writer spaces by itself, so that a registry which writes it anew is found out. */
export function manifestOf(mediaType: string, document: Record<string, unknown>): Manifest {
  const bytes = bytesOf(`${JSON.stringify({ schemaVersion: 2, ...document }, null, 3)}\n\n`)
  return { bytes, mediaType, digest: digestOf(bytes) }
}

export function imageOf(
  config: Descriptor,
  layers: readonly Descriptor[],
  more: Record<string, unknown> = {},
): Manifest {
  return manifestOf(IMAGE, { mediaType: IMAGE, config, layers, ...more })
}

export function indexOf(manifests: readonly Descriptor[], more: Record<string, unknown> = {}): Manifest {
  return manifestOf(INDEX, { mediaType: INDEX, manifests, ...more })
}

export function manifestDescriptor({ mediaType, bytes }: Manifest, more: Record<string, unknown> = {}): Descriptor {
  return descriptorOf(mediaType, bytes, more)
}
