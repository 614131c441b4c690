import { Command, CommanderError } from 'commander'

import { firstLine } from '../../node/failure.ts'
import { VERSION } from '../../version.ts'
import { addAuditCommand } from './audit-command.ts'
import { addDoctorCommand } from './doctor/doctor-command.ts'
import { CommandFailure, EXIT, EXIT_HELP } from './failure.ts'
import { addLoginCommands } from './login-commands.ts'
import { addMemberCommands } from './member-commands.ts'
import { addOrganisationCommands } from './organisation-commands.ts'
import { addRepositoryCommands } from './repository-commands.ts'
import { addTagCommands } from './tag-commands.ts'
import type { Terminal } from './terminal.ts'
import { addTokenCommands } from './token-commands.ts'
import { addTrustCommands } from './trust-commands.ts'
import { addUserCommands } from './user-commands.ts'

const HELP_END = `
Begin with:
  roadstead login localhost:5000 --username admin

ROADSTEAD_REGISTRY, ROADSTEAD_USERNAME and ROADSTEAD_TOKEN in the environment come before what login keeps.`

/** All commands. It throws where commander would end the process. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('roadstead')
    .description('Administers a Roadstead registry: users, organisations, access, repositories')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(--help tells how to use it)')
    .configureOutput({
      writeOut: (text) => {
        terminal.print(text.trimEnd())
      },
      writeErr: (text) => {
        terminal.note(withoutSecrets(text.trimEnd()))
      },
    })
  addLoginCommands(program, terminal)
  addUserCommands(program, terminal)
  addOrganisationCommands(program, terminal)
  addMemberCommands(program, terminal)
  addRepositoryCommands(program, terminal)
  addTagCommands(program, terminal)
  addTokenCommands(program, terminal)
  addTrustCommands(program, terminal)
  addAuditCommand(program, terminal)
  addDoctorCommand(program, terminal)
  return program.addHelpText('after', `${HELP_END}\n\n${EXIT_HELP}`)
}

/**
 * Runs one command line to its end. What goes wrong is said in words.
 *
 * @param argv without the names of the programs
 * @returns the exit status
 */
export async function runRoadstead(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(argv, { from: 'user' })
    return EXIT.done
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    const message = error instanceof CommandFailure ? error.message : `Cannot go on: ${firstLine(error)}`
    terminal.note(withoutSecrets(message))
    return error instanceof CommandFailure ? error.status : EXIT.failed
  }
}

/** Without what somebody typed in the wrong place, and commander repeats: surplus arguments, values of unknown options. */
function withoutSecrets(text: string): string {
  return text
    .replace(/^(error: too many arguments.* but got \d+): .*$/ms, '$1.\n')
    .replace(/^(error: unknown option '(?:--[\w-]+|-\w?)).*?'$/ms, "$1'")
    .replace(/rdst[prf]_\w+/g, '[a token]')
}
