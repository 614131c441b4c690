import { fork, spawnSync } from 'node:child_process'
import { parseOptions, HELP } from './args.ts'
import { errorCode, StartFailure } from './failure.ts'
import { killGroup, OWN_GROUP } from './process-group.ts'

const STOP_MS = 10_000
/** npm passes Ctrl-C on to us when the terminal has done so already: one press comes as two signals. */
const SAME_PRESS_MS = 500
const PARENT_POLL_MS = 500
const KILLED_BY_USER = 130

/**
 * The process that the user starts. It keeps the registry in a process group of its own, so that nothing of it outlives
 * this process, and turns signals into a clean stop. Never returns; exit status: 0 stopped, 1 could not start or run.
 *
 * @param runner path of the program that calls `runRegistry`
 */
export function supervise(runner: string): void {
  const argv = process.argv.slice(2)
  checkOptions(argv)
  const child = fork(runner, argv, {
    ...OWN_GROUP,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const killAll = () => {
    if (child.pid !== undefined) killGroup(child.pid)
  }

  let stopping: number | null = null
  const stop = () => {
    if (stopping !== null) return
    stopping = Date.now()
    if (child.connected) child.disconnect() // the runner ends when the channel closes
    setTimeout(killAll, STOP_MS)
  }
  const onSignal = () => {
    if (stopping !== null && Date.now() - stopping > SAME_PRESS_MS) {
      killAll()
      process.exit(KILLED_BY_USER)
    }
    stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(stop)

  child.once('error', (error) => {
    process.stderr.write(`Cannot start "${runner}": ${error.message}\n`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => {
    killAll()
    if (stopping !== null) process.exit(0)
    // With 1 the runner has said itself why.
    if (code !== 1)
      process.stderr.write(`Cannot go on: the registry's process ended (${signal ?? `status ${code ?? ''}`})\n`)
    process.exit(1)
  })
}

function checkOptions(argv: readonly string[]): void {
  try {
    if (parseOptions(argv, process.env) !== null) return
    console.log(HELP)
    process.exit(0)
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

/**
 * npm that is killed with -9 does not end what it has started, which shows to us as another parent; or, where the shell
 * that npm uses stays in between, as the end of that shell's parent.
 */
function whenOrphaned(stop: () => void): void {
  const parent = process.ppid
  const npm = parentOfShell(parent)
  setInterval(() => {
    if (process.ppid !== parent || (npm !== null && !isAlive(npm))) stop()
  }, PARENT_POLL_MS)
}

/** The parent of the process if that is a shell, else `null`. */
function parentOfShell(pid: number): number | null {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' })
  const [, parent] = /^\s*(\d+)\s+(?:\S*\/)?-?(?:ba|da|k|z)?sh\s*$/.exec(stdout) ?? []
  return parent === undefined ? null : Number(parent)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
