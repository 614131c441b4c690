import type { Command } from 'commander'

import { EXIT_HELP } from './failure.ts'
import { parseRegistryAddress, type RegistryAddress } from './registry-address.ts'

/** What every command takes. */
export interface CommonOptions {
  readonly json?: true
  readonly registry?: RegistryAddress
}

/** A word with commands below it. */
export function addGroup(parent: Command, name: string, summary: string, example: string): Command {
  return parent
    .command(name)
    .description(summary)
    .addHelpText('after', helpEnd([example]))
}

/** A command with the options that all of them have. Its examples are without `roadstead` in front. */
export function addCommand(parent: Command, name: string, summary: string, ...examples: readonly string[]): Command {
  return parent
    .command(name)
    .description(summary)
    .option('--json', 'print what the API answers, as one JSON document')
    .option(
      '--registry <address>',
      'another registry than ROADSTEAD_REGISTRY, or the one logged in to last',
      parseRegistryAddress,
    )
    .addHelpText('after', helpEnd(examples))
}

function helpEnd(examples: readonly string[]): string {
  const lines = examples.map((example) => `  roadstead ${example}`)
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.join('\n')}\n\n${EXIT_HELP}`
}
