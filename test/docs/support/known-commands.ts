import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Command } from 'commander'

import { createProgram } from '../../../src/cli/roadstead/program.ts'
import { HELP } from '../../../src/node/args.ts'
import { ROOT } from './markdown.ts'

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>
}

/** Programs of the project that take options, whose help names each. */
const WITH_HELP: Readonly<Record<string, string>> = {
  doctor: 'src/cli/doctor.ts',
  fsck: 'src/cli/fsck.ts',
  reindex: 'src/cli/reindex.ts',
  conformance: 'test/conformance/run.ts',
}
const helps = new Map([['start', HELP]])

const program = createProgram({
  env: {},
  platform: 'linux',
  homeFolder: '/',
  now: () => new Date(),
  print: () => undefined,
  note: () => undefined,
  readInput: () => Promise.resolve(''),
  ask: () => Promise.resolve(null),
})

/** What shell text calls of this project that is not there: npm scripts, commands of `roadstead`, options of both. */
export function unknownCommands(text: string): string[] {
  return callsIn(text).flatMap((call) => {
    const [first, second = '', ...rest] = call
    if (first === 'npm') {
      const [name, ...args] = ['run', 'run-script'].includes(second)
        ? rest.filter((word) => !['-s', '--silent'].includes(word))
        : [second, ...rest]
      return ['run', 'run-script', 'start', 'test'].includes(second) ? unknownInScript(name ?? '', args) : []
    }
    const words = first === 'npx' ? call.slice(1) : call
    return words[0] === 'roadstead' ? unknownInRoadstead(words.slice(1)) : []
  })
}

/** Each simple command as its words, without quotes, redirections and comments. */
function callsIn(text: string): string[][] {
  const lines = text.replace(/\\\n\s*/g, ' ').split('\n')
  return lines
    .map((line) => line.replace(/^\s*\$ /, '').replace(/(^|\s)#.*$/, ''))
    .flatMap((line) => line.split(/&&|\|\|?|;|\$\(|\)|<\(|>/))
    .map((call) => (call.match(/(?:[^\s"'`]|"[^"]*"|'[^']*')+/g) ?? []).map((word) => word.replace(/["']/g, '')))
    .map((words) => words.slice(words.findIndex((word) => !/^\w+=/.test(word))))
    .filter((words) => words.length > 0)
}

function unknownInScript(name: string, args: readonly string[]): string[] {
  if (/…|</.test(name)) return [] // a placeholder
  if (scripts[name] === undefined) return [`npm run ${name}`]
  const options = args.filter((arg) => arg.startsWith('--') && arg !== '--').map((arg) => arg.replace(/=.*/, ''))
  const help = options.length === 0 ? null : helpOf(name)
  if (help === null) return []
  return options.filter((option) => !help.includes(option)).map((option) => `npm run ${name} -- ${option}`)
}

function helpOf(name: string): string | null {
  const path = WITH_HELP[name]
  if (!helps.has(name) && path !== undefined) {
    const args = ['--disable-warning=ExperimentalWarning', path, '--help']
    helps.set(name, execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }))
  }
  return helps.get(name) ?? null
}

function unknownInRoadstead(words: readonly string[]): string[] {
  let command: Command = program
  const path = ['roadstead']
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (/[…<[]|\.\.\.|^[A-Z_]+$/.test(word)) continue // a placeholder
    if (word.startsWith('-')) {
      const [name = ''] = word.split('=')
      if (['-h', '--help'].includes(name)) continue
      const option = command.options.find(({ long, short }) => long === name || short === name)
      if (option === undefined) return [`${path.join(' ')} ${name}`]
      if ((option.required || option.optional) && !word.includes('=')) at++
      continue
    }
    if (command.commands.length === 0) continue // an argument
    const found = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (found === undefined) return [`${path.join(' ')} ${word}`]
    command = found
    path.push(word)
  }
  return []
}
