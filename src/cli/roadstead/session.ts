import { createApiClient, type Answer, type ApiClient } from './api-client.ts'
import type { CommonOptions } from './define-command.ts'
import { CommandFailure, EXIT } from './failure.ts'
import { findTarget, type Login } from './login.ts'
import { hostOf } from './registry-address.ts'
import type { Terminal } from './terminal.ts'

/** A registry's API as the user of a command, and how that command says what came of it. */
export interface Session extends ApiClient {
  readonly login: Login
  /** The API's own answer with `--json`, else `text`. */
  show<T>(answer: Answer<T>, text: (value: T) => string): void
}

/**
 * @param doing what the command is about to do, as in "Cannot <doing>: the reason"
 * @throws {CommandFailure} when nobody is logged in
 */
export function openSession(terminal: Terminal, options: CommonOptions, doing: string): Session {
  const { registry, login } = findTarget(terminal, options.registry, doing)
  if (login !== null) return { ...openReading(terminal, options, doing), login }
  const host = hostOf(registry)
  throw new CommandFailure(`Cannot ${doing}: you are not logged in to ${host} (roadstead login ${host})`, EXIT.login)
}

/** For what nobody needs a login for, where it is public. */
export function openReading(terminal: Terminal, options: CommonOptions, doing: string): Omit<Session, 'login'> {
  return {
    ...createApiClient(findTarget(terminal, options.registry, doing), doing),
    show(answer, text) {
      terminal.print(options.json ? jsonText(answer.json) : text(answer.value))
    },
  }
}

/** As all commands print JSON. */
export function jsonText(json: unknown): string {
  return JSON.stringify(json, null, 2)
}
