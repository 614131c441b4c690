import { errorCode, StartFailure } from './failure.ts'
import type { S3Settings } from './store.ts'

const PROBE_MS = 5_000

/**
 * Asks an external storage for one key of its bucket, so that a wrong address or key is said at start and in words.
 * Takes five seconds at most.
 *
 * @throws {StartFailure} when the storage does not answer, or refuses
 */
export async function probeStorage(s3: S3Settings): Promise<void> {
  const { ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
    forcePathStyle: s3.pathStyle === 'true',
    maxAttempts: 1,
  })
  try {
    await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, MaxKeys: 1 }), {
      abortSignal: AbortSignal.timeout(PROBE_MS),
    })
  } catch (error) {
    throw new StartFailure(describe(error, s3))
  } finally {
    client.destroy()
  }
}

function describe(error: unknown, { endpoint, bucket }: S3Settings): string {
  const name = error instanceof Error ? error.name : ''
  const network = networkReason(errorCode(error) ?? name)
  if (network) return `Cannot reach storage "${endpoint}": ${network}`

  const status = statusOf(error)
  if (name === 'NoSuchBucket' || status === 404) {
    return `Cannot use bucket "${bucket}" of storage "${endpoint}": it does not exist (see S3_BUCKET)`
  }
  if (status === 401 || status === 403) {
    return `Cannot use bucket "${bucket}" of storage "${endpoint}": the keys are refused, ${name} (see S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY)`
  }
  if (status === 301 || status === 400) {
    return `Cannot use bucket "${bucket}" of storage "${endpoint}": ${name} (see S3_REGION and S3_PATH_STYLE)`
  }
  if (status !== null && status >= 500) return `Cannot use storage "${endpoint}": it answers ${status}`
  return `Cannot use storage "${endpoint}": it does not answer as an S3 storage does (${name})`
}

function networkReason(code: string): string | null {
  switch (code) {
    case 'ECONNREFUSED':
      return 'the connection is refused'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no host of that name'
    case 'AbortError':
    case 'TimeoutError':
    case 'ETIMEDOUT':
      return `it does not answer within ${PROBE_MS / 1000} seconds`
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EPROTO':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_HAS_EXPIRED':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return code
    default:
      return null
  }
}

function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('$metadata' in error)) return null
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number }
  return httpStatusCode ?? null
}
