import { createHash } from 'node:crypto'

import { RegistryError } from './errors.ts'

/** Hex digits of each algorithm's output. */
const HEX_LENGTHS = { sha256: 64, sha512: 128 } as const

export type DigestAlgorithm = keyof typeof HEX_LENGTHS

/**
 * `<algorithm>:<lowercase hex>`, checked.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export type Digest = string & { readonly __brand: 'Digest' }

/** @throws {RegistryError} `DIGEST_INVALID` for another form, or an algorithm that we cannot verify */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new RegistryError('DIGEST_INVALID', { detail: `not a sha256 or sha512 digest: ${text.slice(0, 200)}` })
}

export function isDigest(text: string): text is Digest {
  const [algorithm = '', hex = '', ...rest] = text.split(':')
  return rest.length === 0 && isAlgorithm(algorithm) && hex.length === HEX_LENGTHS[algorithm] && /^[0-9a-f]+$/.test(hex)
}

/** @throws {RegistryError} `DIGEST_INVALID` */
export function parseDigestAlgorithm(text: string): DigestAlgorithm {
  if (!isAlgorithm(text))
    throw new RegistryError('DIGEST_INVALID', { detail: `unsupported algorithm: ${text.slice(0, 50)}` })
  return text
}

export function digestParts(digest: Digest): { algorithm: DigestAlgorithm; hex: string } {
  const at = digest.indexOf(':')
  return { algorithm: digest.slice(0, at) as DigestAlgorithm, hex: digest.slice(at + 1) }
}

export function createDigest(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`)
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return createDigest(algorithm, createHash(algorithm).update(bytes).digest('hex'))
}

function isAlgorithm(text: string): text is DigestAlgorithm {
  return Object.hasOwn(HEX_LENGTHS, text)
}
