import { runRoadstead } from '../../../src/cli/roadstead/program.ts'
import type { Terminal } from '../../../src/cli/roadstead/terminal.ts'
import { temporaryFolder } from '../../node/support/temporary.ts'
import type { RoadsteadServer } from './roadstead-server.ts'

export interface RoadsteadResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface TestTerminalOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly platform?: NodeJS.Platform
  /** What somebody types, answer by answer; `null` for no terminal. */
  readonly answers?: readonly string[] | null
  /** Standard input. */
  readonly input?: string
}

export interface TestTerminal {
  /** Where `config.json` comes to be. */
  readonly folder: string
  /** Questions so far; those for secrets begin with `secret:`. */
  readonly questions: readonly string[]
  readonly run: (...argv: readonly string[]) => Promise<RoadsteadResult>
}

/** Runs commands in this process, with a home of their own and nothing else that they could reach. */
export function createTestTerminal({
  env = {},
  platform = 'linux',
  answers = null,
  input = '',
}: TestTerminalOptions = {}): TestTerminal {
  const home = temporaryFolder()
  const questions: string[] = []
  const left = answers === null ? null : [...answers]
  return {
    folder: `${home}/roadstead`,
    questions,
    async run(...argv) {
      const output = { stdout: '', stderr: '' }
      const terminal: Terminal = {
        env: { XDG_CONFIG_HOME: home, APPDATA: home, ...env },
        platform,
        homeFolder: home,
        now: () => new Date('2026-11-24T12:00:00Z'), // the registry's clock
        print: (text) => (output.stdout += `${text}\n`),
        note: (text) => (output.stderr += `${text}\n`),
        readInput: () => Promise.resolve(input),
        ask: (question, { secret }) => {
          questions.push(secret ? `secret:${question}` : question)
          return Promise.resolve(left?.shift() ?? null)
        },
      }
      return { status: await runRoadstead(argv, terminal), ...output }
    },
  }
}

/** The environment of somebody who is logged in. */
export function loginEnv(
  { address }: Pick<RoadsteadServer, 'address'>,
  [username, token]: readonly [string, string],
): Record<string, string> {
  return { ROADSTEAD_REGISTRY: address, ROADSTEAD_USERNAME: username, ROADSTEAD_TOKEN: token }
}

/** A command line in one text, where `'` stands around what has spaces in it. */
export function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain)
}
