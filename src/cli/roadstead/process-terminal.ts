import { homedir } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

import { CommandFailure, EXIT } from './failure.ts'
import type { Terminal } from './terminal.ts'

const INTERRUPTED = 130

/** The process's own. */
export function processTerminal(): Terminal {
  process.stdout.on('error', () => process.exit(EXIT.failed)) // as when `head` has seen enough
  return {
    env: process.env,
    platform: process.platform,
    homeFolder: homedir(),
    now: () => new Date(),
    print(line) {
      process.stdout.write(`${line}\n`)
    },
    note(line) {
      process.stderr.write(`${line}\n`)
    },
    readInput: () => text(process.stdin),
    ask: (question, { secret }) =>
      process.stdin.isTTY ? (secret ? askSecret(question) : askOnTerminal(question)) : Promise.resolve(null),
  }
}

function askOnTerminal(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: true, prompt: question })
  reader.prompt()
  return answerOf(reader)
}

/** As a terminal, readline itself echoes what is typed: to nowhere. */
async function askSecret(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: nowhere(), terminal: true })
  process.stderr.write(question)
  const answer = await answerOf(reader)
  process.stderr.write('\n')
  return answer
}

/** @throws {CommandFailure} when the answer is Ctrl-C or Ctrl-D */
async function answerOf(reader: Interface): Promise<string> {
  const answer = await new Promise<string | null>((resolve) => {
    reader.once('line', resolve)
    reader.once('SIGINT', () => {
      resolve(null)
    })
    reader.once('close', () => {
      resolve(null)
    })
  })
  reader.close() // or it would go on to echo
  if (answer !== null) return answer
  process.stderr.write('\n')
  throw new CommandFailure('Cannot go on: there was no answer', INTERRUPTED)
}

function nowhere(): Writable {
  return new Writable({
    write(_chunk, _encoding, done) {
      done()
    },
  })
}
