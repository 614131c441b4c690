import { join } from 'node:path'

import { run, type Command } from '../../node/support/command.ts'

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of src/cli as npm starts it. */
export function startCli(name: string, args: readonly string[], env: Record<string, string> = {}): Command {
  const script = join(import.meta.dirname, '../../../src/cli', `${name}.ts`)
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { env })
}

export async function runCli(name: string, args: readonly string[], env?: Record<string, string>): Promise<CliResult> {
  const command = startCli(name, args, env)
  const { code } = await command.exit
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}
