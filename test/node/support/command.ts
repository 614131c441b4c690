import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { until } from './until.ts'

/** `npm start`'s program with the stand-in Worker. */
export const STAND_IN_START = join(import.meta.dirname, '../stand-in/start.ts')

/** How long output may come after the end. */
const LAST_OUTPUT_MS = 2_000

/** The command as its user sees it. */
export interface Command {
  child: ChildProcess
  /** All that it has written so far. */
  stdout(): string
  stderr(): string
  /** Waits for its end. */
  exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Waits until it says that it is ready. @throws if it ends instead */
  ready(): Promise<void>
  /** Processes that it has started, and theirs. */
  descendants(): Process[]
}

interface RunOptions {
  env?: Record<string, string>
  cwd?: string
  /** First of a process group of its own, so that it can be sent a signal as a terminal does: to all in it. */
  detached?: boolean
}

/** Runs the stand-in's `start.ts`. Whatever is left of it when the test is over is killed. */
export function start(args: readonly string[], options: RunOptions = {}): Command {
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', STAND_IN_START, ...args], options)
}

/** Runs a program that starts the registry. Whatever is left of it when the test is over is killed. */
export function run(
  program: string,
  args: readonly string[],
  { env = {}, cwd, detached = false }: RunOptions = {},
): Command {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  const child = spawn(program, args, {
    // What this test run was started with must not reach the command: `npm test` sets the one, a developer the other.
    env: { ...process.env, npm_lifecycle_event: undefined, S3_ENDPOINT: undefined, PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const exit: Command['exit'] = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const end = () => {
        resolve({ code, signal })
      }
      child.once('close', end) // all output is read
      setTimeout(end, LAST_OUTPUT_MS) // or somebody whom it has left behind holds the pipe
    })
  })

  const seen = new Map<number, Process>()
  const descendants = () => {
    const found = child.pid === undefined ? [] : descendantsOf(child.pid)
    for (const process of found) seen.set(process.pid, process)
    return found
  }
  onTestFinished(() => {
    descendants()
    const left = livingProcesses().filter(({ pid, args }) => seen.get(pid)?.args === args || pid === child.pid)
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it went with the one before
      }
    }
  })
  return {
    child,
    exit,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    descendants,
    ready: () =>
      until(`"Roadstead is ready" of ${args.join(' ')}`, () => {
        descendants()
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${output.stderr}`)
        return output.stdout.includes('Roadstead is ready')
      }),
  }
}

export interface Process {
  pid: number
  parent: number
  args: string
}

/** Waits until none of the processes is left. */
export async function untilGone(processes: readonly Process[]): Promise<void> {
  await until(`the end of ${processes.map(({ args }) => args.slice(0, 60)).join(', ')}`, () => {
    const living = new Set(livingProcesses().map(({ pid }) => pid))
    return !processes.some(({ pid }) => living.has(pid))
  })
}

function descendantsOf(pid: number): Process[] {
  const living = livingProcesses()
  const found: Process[] = []
  for (let parents = [pid]; parents.length > 0;) {
    const children = living.filter(({ parent }) => parents.includes(parent))
    found.push(...children)
    parents = children.map((child) => child.pid)
  }
  return found
}

/** All processes of the machine but those that are dead and not yet collected. */
function livingProcesses(): Process[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => {
    const [, pid, parent, state, args] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    if (!pid || !parent || !args || state?.startsWith('Z')) return []
    return [{ pid: Number(pid), parent: Number(parent), args }]
  })
}
