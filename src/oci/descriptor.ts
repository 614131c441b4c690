import { parseDigest, type Digest } from './digest.ts'
import { RegistryError } from './errors.ts'

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/**
 * @param at where in the manifest this stands, for the message
 * @throws {RegistryError} `MANIFEST_INVALID`
 */
export function parseDescriptor(value: unknown, at: string): Descriptor {
  const { mediaType, digest, size } = parseObject(value, at)
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(`${at}.mediaType is not a media type`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${at}.size is not a size`)
  if (typeof digest !== 'string') throw invalid(`${at}.digest is not a digest`)
  try {
    return { mediaType, size, digest: parseDigest(digest) }
  } catch (cause) {
    throw invalid(`${at}.digest is not a sha256 or sha512 digest`, cause)
  }
}

/** @throws {RegistryError} `MANIFEST_INVALID` */
export function parseObject(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${at} is not an object`)
  return value as Record<string, unknown>
}

/** @throws {RegistryError} `MANIFEST_INVALID` */
export function parseArray(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${at} is not an array`)
  return value
}

export function invalid(detail: string, cause?: unknown): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { detail, cause })
}
