/**
 * Why the local registry cannot start, as the one line that its user reads: no stack, and what to do about it.
 * Anything else that is thrown at start is a bug of ours.
 */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
}

/** The system's name of an error, such as `EADDRINUSE`; `null` when it has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** The first line of what an error says: some of those that we pass on carry a log of many lines. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n')[0] ?? ''
}
