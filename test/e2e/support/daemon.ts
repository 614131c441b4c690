import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 100
const START_SECONDS = 120
const STOP_SECONDS = 60

export interface DaemonOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** The file its output is added to. */
  readonly log: string
  /** The daemon is up once this is true. */
  ready(log: string): boolean | Promise<boolean>
}

/** A command in a process group of its own, as a shell would start it. */
export interface Daemon {
  readonly pid: number
  /** What it has written since it was started. */
  log(): string
  /** Sends `signal` to the whole group, as Ctrl-C does, and waits for the command's end. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) signalGroup(pid, 'SIGKILL')
})

/** @throws {Error} when it ends, or is not ready in time; what it wrote is in the message */
export async function startDaemon(command: string, args: string[], options: DaemonOptions): Promise<Daemon> {
  const out = openSync(options.log, 'a')
  const { size: earlier } = fstatSync(out)
  const env = { ...process.env, ...options.env }
  const child = spawn(command, args, { cwd: options.cwd, env, detached: true, stdio: ['ignore', out, out] })
  closeSync(out)
  let ended: string | null = null
  child.once('error', (error) => (ended = error.message))
  child.once('exit', (code, signal) => {
    ended = `ended with ${signal ?? code ?? ''}`
    running.delete(pid)
  })
  const pid = child.pid ?? 0
  if (pid !== 0) running.add(pid)

  const log = () => readFileSync(options.log).subarray(earlier).toString()
  const name = [command, ...args].join(' ')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (ended !== null) return
    signalGroup(pid, signal)
    await until(`"${name}" to end`, () => ended !== null, STOP_SECONDS).catch((error: unknown) => {
      signalGroup(pid, 'SIGKILL')
      throw error
    })
  }

  try {
    await until(`"${name}" to be ready`, async () => ended !== null || (await options.ready(log())), START_SECONDS)
    if (isEnded()) throw new Error(`Cannot start "${name}": ${String(ended)}`)
  } catch (error) {
    await stop('SIGKILL')
    throw new Error(`${String(error)}\n${log()}`, { cause: error })
  }
  return { pid, log, stop }

  function isEnded(): boolean {
    return ended !== null
  }
}

/** Group 0 would be our own. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Polls until `condition` holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Cannot wait for ${what}: ${seconds} s have passed`)
    await sleep(POLL_MS)
  }
}

/** Ports nobody listens on: the system chose them a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address()
      await new Promise((resolve) => server.close(resolve))
      if (address === null || typeof address === 'string') throw new Error('Cannot find a free port')
      return address.port
    }),
  )
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
