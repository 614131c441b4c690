import { spawn, type ChildProcess } from 'node:child_process'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { onTestFinished } from 'vitest'

export const ROOT = join(import.meta.dirname, '../../..')
export const BIN = join(ROOT, 'bin/roadstead.js')

export interface ProcessResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RoadsteadProcess {
  readonly child: ChildProcess
  readonly end: Promise<ProcessResult>
}

interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; `null` leaves it open, with nothing in it. */
  readonly input?: string | null
}

/** Starts a program with none of the settings of whoever runs the tests. It ends with the test. */
export function startProcess(
  [program = '', ...args]: readonly string[],
  { env = {}, input = '' }: ProcessOptions = {},
): RoadsteadProcess {
  const none = { ROADSTEAD_REGISTRY: '', ROADSTEAD_USERNAME: '', ROADSTEAD_TOKEN: '' }
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, PATH: path, ...none, ...env } })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  if (input !== null) child.stdin.end(input)
  const ended = new Promise<Pick<ProcessResult, 'code' | 'signal'>>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal })
    })
  })
  const end = Promise.all([ended, text(child.stdout), text(child.stderr)]).then(([status, stdout, stderr]) => ({
    ...status,
    stdout,
    stderr,
  }))
  return { child, end }
}
