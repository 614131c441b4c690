/**
 * Codes and messages of the distribution spec, with the status we send unless told otherwise.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
const ERRORS = {
  BLOB_UNKNOWN: [404, 'blob unknown to registry'],
  BLOB_UPLOAD_INVALID: [400, 'blob upload invalid'],
  BLOB_UPLOAD_UNKNOWN: [404, 'blob upload unknown to registry'],
  DIGEST_INVALID: [400, 'provided digest did not match uploaded content'],
  MANIFEST_BLOB_UNKNOWN: [400, 'manifest references a manifest or blob unknown to registry'],
  MANIFEST_INVALID: [400, 'manifest invalid'],
  MANIFEST_UNKNOWN: [404, 'manifest unknown to registry'],
  NAME_INVALID: [400, 'invalid repository name'],
  NAME_UNKNOWN: [404, 'repository name not known to registry'],
  SIZE_INVALID: [400, 'provided length did not match content length'],
  UNAUTHORIZED: [401, 'authentication required'],
  DENIED: [403, 'requested access to the resource is denied'],
  UNSUPPORTED: [405, 'the operation is unsupported'],
  TOOMANYREQUESTS: [429, 'too many requests'],

  // Beyond the spec's table, but known to Docker's clients.
  PAGINATION_NUMBER_INVALID: [400, 'invalid number of results requested'],
  RANGE_INVALID: [416, 'invalid content range'],
  TAG_INVALID: [400, 'invalid tag'],
  UNAVAILABLE: [503, 'the registry cannot reach its storage, try again'],
  UNKNOWN: [500, 'unknown error'],

  // Of the administration under /api/v1 alone.
  CONFLICT: [409, 'the change contradicts what is there'],
  NAMESPACE_INVALID: [400, 'invalid name of a user or an organisation'],
  NAMESPACE_UNKNOWN: [404, 'no such user or organisation'],
  MEMBER_UNKNOWN: [404, 'no such member'],
  REQUEST_INVALID: [400, 'the request is not as the API describes it'],
  TAG_UNKNOWN: [404, 'no such tag'],
  TOKEN_UNKNOWN: [404, 'no such token'],
  TRUST_RULE_UNKNOWN: [404, 'no such trust rule'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type ErrorCode = keyof typeof ERRORS

interface RegistryErrorOptions {
  /** Another status than the code's own, e.g. 416 for a chunk out of order. */
  status?: number
  /** Another text than the code's own, for people: what went wrong, and what to do. */
  message?: string
  /** Sent with the answer, e.g. `WWW-Authenticate` with a 401. */
  headers?: Record<string, string>
  /** Sent to the client, so no secrets. */
  detail?: unknown
  /** One error of the same code for each: the spec wants every missing blob named. */
  details?: readonly unknown[]
  /** Only logged. */
  cause?: unknown
}

/** A refusal the client can act on. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: ErrorCode
  readonly status: number
  readonly headers: Record<string, string>
  readonly details: readonly unknown[]

  constructor(code: ErrorCode, options: RegistryErrorOptions = {}) {
    super(options.message ?? ERRORS[code][1], { cause: options.cause })
    this.code = code
    this.status = options.status ?? ERRORS[code][0]
    this.headers = options.headers ?? {}
    this.details = options.details ?? [options.detail]
  }
}
