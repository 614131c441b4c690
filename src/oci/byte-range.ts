import { RegistryError } from './errors.ts'

/** Both ends included, as in HTTP. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * The Content-Range of an upload's chunk: `<first>-<last>`, neither unit nor total.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 *
 * @throws {RegistryError} `RANGE_INVALID` (416)
 */
export function parseChunkRange(text: string): ByteRange {
  // Some clients send the unit that HTTP has for responses.
  const [, first = '', last = ''] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/[\d*]+)?$/.exec(text.trim()) ?? []
  if (first === '' || Number(last) < Number(first))
    throw new RegistryError('RANGE_INVALID', { detail: `not a chunk's Content-Range: ${text.slice(0, 100)}` })
  return { first: Number(first), last: Number(last) }
}
