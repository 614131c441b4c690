import { createHash } from 'node:crypto'

import type { S3Settings } from '../../src/node/store.ts'
import { passOn, readBody, refuse, startStorageFront, type StorageFront } from './front.ts'

export interface ChecksumFront extends StorageFront {
  /** PUTs that came with a checksum, by what became of them. */
  readonly seen: Readonly<Record<'stored' | 'refused' | 'brokenOff', number>>
}

/**
 * Makes of any storage one that enforces `x-amz-checksum-sha256`, as AWS and R2 do: the body of a PUT is held back until
 * its hash is known, and refused with `BadDigest` before the storage has seen a byte. For parts of an upload the header
 * is not implemented, as on R2.
 */
export async function startChecksumFront(s3: S3Settings): Promise<ChecksumFront> {
  const seen = { stored: 0, refused: 0, brokenOff: 0 }
  const front = await startStorageFront(s3, async (request, response) => {
    const checksum = request.headers['x-amz-checksum-sha256']
    if (request.method !== 'PUT' || checksum === undefined) return passOn(request, response, s3)
    if (request.url?.includes('partNumber=')) {
      request.resume()
      refuse(response, 501, 'NotImplemented')
      return
    }
    const { bytes, whole } = await readBody(request)
    if (!whole) {
      seen.brokenOff++
    } else if (createHash('sha256').update(bytes).digest('base64') !== checksum) {
      seen.refused++
      refuse(response, 400, 'BadDigest')
    } else {
      seen.stored++
      await passOn(request, response, s3, { body: bytes })
    }
  })
  return { ...front, seen }
}
