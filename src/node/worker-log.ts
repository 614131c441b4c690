import { Log, LogLevel, type WorkerdStructuredLog } from 'miniflare'

/** Where a workerd's output goes. */
export interface WorkerLog {
  /** Options of Miniflare that send everything here: what the Worker logs, what it did not catch, and Miniflare's warnings. */
  options: {
    log: Log
    logRequests: false
    handleStructuredLogs: (log: WorkerdStructuredLog) => void
  }
  /** What was said until now and was held back. */
  held(): readonly string[]
  /** Writes what was held back to stderr, and from now on everything at once, as plain lines. */
  open(): void
}

/** A log that holds its lines back until it is opened: those of a start that fails become the reason that is given. */
export function createWorkerLog(): WorkerLog {
  const held: string[] = []
  let isOpen = false
  const write = (line: string) => {
    if (isOpen) process.stderr.write(`${line}\n`)
    else held.push(line)
  }
  return {
    options: {
      log: new PlainLog(write),
      logRequests: false,
      handleStructuredLogs: ({ message }) => {
        write(message)
      },
    },
    held: () => held,
    open: () => {
      isOpen = true
      for (const line of held.splice(0)) write(line)
    },
  }
}

/** What every workerd of ours is started with: a free port of 127.0.0.1, and nothing that leaves this machine. */
export function workerdOptions(log: WorkerLog) {
  return {
    ...log.options,
    host: '127.0.0.1',
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    enableDevRegistry: false, // it writes to the user's home, and opens a port for debugging
  }
}

/** Miniflare's warnings and errors (a runtime that crashed and is started again) without colours and prefixes. */
class PlainLog extends Log {
  readonly #write: (line: string) => void

  constructor(write: (line: string) => void) {
    super(LogLevel.WARN)
    this.#write = write
  }

  override logWithLevel(level: LogLevel, message: string): void {
    if (level <= this.level) this.#write(message)
  }
}
