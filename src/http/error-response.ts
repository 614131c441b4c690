import { RegistryError, type ErrorCode } from '../oci/errors.ts'

/**
 * The one place where a thrown value becomes a response: `{"errors":[{code,message,detail}]}`.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 *
 * @param requestId is in the text of what is not the client's doing: what people are shown, they can ask the operator about
 * @param log told of faults that are ours or the storage's; never of a refusal
 */
export function errorResponse(thrown: unknown, requestId: string, log: (fault: unknown) => void): Response {
  const error = thrown instanceof RegistryError ? thrown : new RegistryError('UNKNOWN', { cause: thrown })
  if (error.status >= 500) log(error.cause ?? error)
  const message = error.status >= 500 ? `${error.message} (request ${requestId})` : error.message
  const errors = error.details.map((detail) => ({ code: error.code, message, detail }))
  return Response.json({ errors }, { status: error.status, headers: error.headers })
}

/** The code that it is answered with. */
export function codeOf(thrown: unknown): ErrorCode {
  return thrown instanceof RegistryError ? thrown.code : 'UNKNOWN'
}
