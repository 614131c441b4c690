import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'

import type { S3Settings } from '../s3-settings.ts'
import { createFetchHandler } from './s3-http.ts'

/** Tries of a request that can be repeated, with the SDK's growing pauses between them. */
const MAX_ATTEMPTS = 4

const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }

function nothing(): void {
  // said by whoever catches the error
}

export interface S3Clients {
  /** For what can be sent again: times out and retries. */
  readonly repeatable: S3Client
  /** For streamed bodies, which exist once: neither. */
  readonly streaming: S3Client
}

export function createS3Clients(settings: S3Settings): S3Clients {
  const common: S3ClientConfig = {
    endpoint: settings.endpoint,
    region: settings.region,
    forcePathStyle: settings.pathStyle,
    credentials: { accessKeyId: settings.accessKeyId, secretAccessKey: settings.secretAccessKey },
    // The SDK's default CRC turns a streamed body into chunked framing that stores refuse, or store as content.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false, // Node's fetch refuses to send it
    logger: SILENT, // what matters is thrown; the SDK would warn of every refused stream
  }
  return {
    repeatable: unsignedPayload(
      new S3Client({ ...common, maxAttempts: MAX_ATTEMPTS, requestHandler: createFetchHandler(settings.timeoutMs) }),
    ),
    streaming: unsignedPayload(new S3Client({ ...common, maxAttempts: 1, requestHandler: createFetchHandler(null) })),
  }
}

/**
 * The body is not part of the signature: what matters is hashed already and compared before it becomes visible, and
 * some stores hold a body in memory to check a signed one.
 */
function unsignedPayload(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args
      if (isHttpRequest(request)) request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
      return next(args)
    },
    { step: 'build', name: 'unsignedPayload' },
  )
  return client
}

function isHttpRequest(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request
}
