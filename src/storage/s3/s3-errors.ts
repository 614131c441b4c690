import { S3ServiceException } from '@aws-sdk/client-s3'

import { RegistryError } from '../../oci/errors.ts'

/** The object is not there. A missing bucket is a fault: it has a code of its own wherever there is a body. */
export function isAbsent(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NotFound' || error.name === 'NoSuchKey')
}

/** The store has compared the bytes with the checksum sent along, and refused them. */
export function isChecksumRefusal(error: unknown): boolean {
  return error instanceof S3ServiceException && CHECKSUM_REFUSALS.has(error.name)
}

/** AWS and R2 say the first, MinIO the second. */
const CHECKSUM_REFUSALS = new Set(['BadDigest', 'XAmzContentChecksumMismatch', 'InvalidDigest'])

export function isNoSuchUpload(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchUpload'
}

/** What the client is told of a storage that failed for good; the cause goes to the log only. */
export function storageFault(action: string, key: string, error: unknown): RegistryError {
  if (error instanceof RegistryError) return error
  const status =
    error instanceof S3ServiceException ? `${error.name}, status ${String(error.$metadata.httpStatusCode)}` : ''
  const cause = new Error(`Cannot ${action} "${key}": ${status || String(error)}`, { cause: error })
  return new RegistryError('UNAVAILABLE', { cause })
}
