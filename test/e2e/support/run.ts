import { execFile } from 'node:child_process'

const MINUTE_MS = 60_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

export interface Output {
  readonly stdout: string
  /** All that the command wrote: standard output, then standard error. */
  readonly all: string
}

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly timeoutMinutes?: number
  /** What the command reads from its standard input. */
  readonly input?: string
  /** Ends the command with SIGTERM; the promise is then rejected. */
  readonly signal?: AbortSignal
}

/**
 * Runs a command to its end. `env` is added to this process's own.
 *
 * @throws {Error} on a timeout or an exit status other than 0, with the command line and all it wrote
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { env = {}, cwd, timeoutMinutes = 5, input, signal } = options
  return new Promise((resolve, reject) => {
    const settings = {
      env: { ...process.env, ...env },
      cwd,
      signal,
      timeout: timeoutMinutes * MINUTE_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    }
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      const all = stdout + stderr
      if (error === null) resolve({ stdout, all })
      else reject(new Error(`Cannot run "${[command, ...args].join(' ')}": ${error.code ?? 'ended'}\n${all}`))
    })
    if (input !== undefined) child.stdin?.end(input)
  })
}

/** The first whole line of `text` that matches, for reading what a client printed. */
export function lineWith(text: string, pattern: RegExp): string {
  const line = text.split('\n').find((candidate) => pattern.test(candidate))
  if (line === undefined) throw new Error(`Cannot find ${String(pattern)} in:\n${text}`)
  return line
}

/** The `sha256:…` that a client printed on a line which matches. */
export function digestIn(text: string, pattern = /sha256:/): string {
  return /sha256:[0-9a-f]{64}/.exec(lineWith(text, pattern))?.[0] ?? ''
}
