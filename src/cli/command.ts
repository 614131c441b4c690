import { firstLine, StartFailure } from '../node/failure.ts'
import { RegistryError } from '../oci/errors.ts'

export const EXIT_CANNOT_RUN = 2
const EXIT_INTERRUPTED = 130

/** What a command needs to begin and to end. */
export interface Run {
  /** Aborted by Ctrl-C and the like. What the command has started ends with its process in any case. */
  readonly signal: AbortSignal
  /** Adds what must be ended, last first, before the process does. */
  onEnd(end: () => Promise<void> | void): void
}

/**
 * Runs a command to its end, and ends the process with the status that it answers. What keeps it from running is said
 * in a line, and the status is 2.
 */
export async function runCommand(command: (run: Run) => Promise<number>): Promise<never> {
  process.stdout.on('error', () => process.exit(EXIT_CANNOT_RUN)) // as when `head` has seen enough
  const abort = new AbortController()
  const ends: (() => Promise<void> | void)[] = []
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        abort.abort()
        resolve(EXIT_INTERRUPTED)
      })
    }
  })
  const running = command({
    signal: abort.signal,
    onEnd: (end) => {
      ends.push(end)
    },
  }).catch((error: unknown) => {
    if (!abort.signal.aborted) console.error(reasonOf(error))
    return EXIT_CANNOT_RUN
  })
  const status = await Promise.race([running, interrupted])
  for (const end of ends.reverse()) await end()
  await new Promise<void>((resolve) =>
    process.stdout.write('', () => {
      resolve()
    }),
  )
  process.exit(status)
}

/** One line for people; all of it for what can only be a fault of ours. */
function reasonOf(error: unknown): string {
  if (error instanceof StartFailure) return error.message
  if (error instanceof RegistryError) return firstLine(error.cause ?? error)
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
