import type { Command } from 'commander'
import { expect, test } from 'vitest'

import { createProgram } from '../../src/cli/roadstead/program.ts'
import type { Terminal } from '../../src/cli/roadstead/terminal.ts'
import { createTestTerminal, words } from './support/roadstead-terminal.ts'

const program = createProgram({} as Terminal) // which is used when a command runs
const commands = below(program, [])

function below(command: Command, path: readonly string[]): { path: readonly string[]; command: Command }[] {
  const inner = command.commands.flatMap((child) => below(child, [...path, child.name()]))
  return path.length === 0 ? inner : [{ path, command }, ...inner]
}

test('all commands are there', () => {
  const leaves = commands.filter(({ command }) => command.commands.length === 0).map(({ path }) => path.join(' '))
  expect(leaves).toEqual([
    ...['login', 'logout', 'whoami'],
    ...['add', 'rm', 'ls', 'set'].map((name) => `user ${name}`),
    ...['add', 'rm', 'ls', 'set'].map((name) => `org ${name}`),
    ...['add', 'rm', 'ls'].map((name) => `member ${name}`),
    ...['ls', 'show', 'set-visibility', 'describe', 'rm'].map((name) => `repo ${name}`),
    ...['ls', 'rm', 'history'].map((name) => `tag ${name}`),
    ...['create', 'ls', 'revoke'].map((name) => `token ${name}`),
    ...['add', 'ls', 'rm'].map((name) => `trust ${name}`),
    'audit',
    'doctor',
  ])
})

test.each(commands.map(({ path, command }) => [path.join(' '), command] as const))(
  'the help of %s has an example that can be read, and says what the statuses mean',
  async (path, command) => {
    const { status, stdout, stderr } = await createTestTerminal().run(...path.split(' '), '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('Exit status: 0 done; 1 ')
    const [, examples = ''] = /\nExamples?:\n((?: {2}roadstead .*\n)+)/.exec(stdout) ?? []
    expect(examples).toContain(`roadstead ${path}`)
    if (command.commands.length > 0) return
    expect(stdout).toContain('--json ')
    expect(stdout).toContain('--registry ')
    for (const example of examples.trim().split('\n')) await expectReadable(example)
  },
)

/** Everything but being logged in. */
async function expectReadable(example: string): Promise<void> {
  const [line = ''] = example.replace(/^ *roadstead /, '').split(/ [<>] /)
  const { run } = createTestTerminal({ env: { ROADSTEAD_REGISTRY: 'localhost:1' }, input: 'token', answers: ['', ''] })
  const { stderr } = await run(...words(line))
  expect(stderr, example).not.toMatch(/^error:/m)
  expect(stderr, example).toMatch(
    /^Cannot .*: (.* cannot be reached|you are not logged in|that is no name|the token is)/,
  )
}

test.each([[['--help']], [['help']]])('%s', async (argv) => {
  const { status, stdout, stderr } = await createTestTerminal().run(...argv)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('roadstead login localhost:5000 --username admin')
  expect(stdout).toContain('ROADSTEAD_TOKEN')
  expect(stdout).toContain('Exit status: 0 done; 1 ')
})
