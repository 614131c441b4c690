import { RegistryError } from '../oci/errors.ts'

/**
 * The one place where a thrown value becomes a response: `{"errors":[{code,message,detail}]}`.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 *
 * @param log told of faults that are ours or the storage's; never of a refusal
 */
export function errorResponse(thrown: unknown, log: (fault: unknown) => void): Response {
  const error = thrown instanceof RegistryError ? thrown : new RegistryError('UNKNOWN', { cause: thrown })
  if (error.status >= 500) log(error.cause ?? error)
  const errors = error.details.map((detail) => ({ code: error.code, message: error.message, detail }))
  return Response.json({ errors }, { status: error.status, headers: error.headers })
}
