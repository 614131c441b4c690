/** Exit statuses of the command line. They are part of its interface, and never change. */
export const EXIT = { done: 0, failed: 1, usage: 2, login: 3, unreachable: 4 } as const

/** What the help of each command says of them. */
export const EXIT_HELP =
  'Exit status: 0 done; 1 refused by the registry, or failed; 2 wrong usage; 3 not logged in, or the login is refused;\n' +
  '4 the registry cannot be reached.'

/** Why a command does not do what it was asked for, as the line that its user reads. Without secrets. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly status: number

  constructor(message: string, status: number = EXIT.failed) {
    super(message)
    this.status = status
  }
}
