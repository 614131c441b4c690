import { expect, test } from 'vitest'

import { temporaryFolder } from '../node/support/temporary.ts'
import { until } from '../node/support/until.ts'
import { BIN, startProcess, type ProcessResult } from './support/roadstead-process.ts'
import { startRoadsteadServer } from './support/roadstead-server.ts'
import { loginEnv } from './support/roadstead-terminal.ts'

const CTRL_C = '\u0003'

/** Runs the command on a terminal of its own, and types each text once what comes before it is seen. */
async function onTerminal(
  args: readonly string[],
  dialogue: readonly (readonly [seen: string, typed: string])[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProcessResult> {
  const line = [process.execPath, BIN, ...args].join(' ')
  const command = ['script', '--quiet', '--return', '--command', line, '/dev/null']
  const all = { XDG_CONFIG_HOME: temporaryFolder(), TERM: 'dumb', ...env }
  const { child, end } = startProcess(command, { env: all, input: null })
  let shown = ''
  child.stdout?.on('data', (chunk) => (shown += String(chunk)))
  for (const [seen, typed] of dialogue) {
    await until(`"${seen}"`, () => shown.includes(seen))
    child.stdin?.write(typed)
  }
  return end
}

// Elsewhere `script` takes other options, or is not there.
test.skipIf(process.platform !== 'linux')('a name is echoed, and a token is not', async () => {
  const server = await startRoadsteadServer()
  const [name, token] = server.registry.admin
  const { code, stdout } = await onTerminal(
    ['login', server.address],
    [
      ['Username at ', `${name}\r`],
      ['Token of admin', `${token}\r`],
    ],
  )
  expect(code).toBe(0)
  expect(stdout).toContain(`Logged in to ${server.address}`)
  expect(stdout).toContain('Username at ')
  expect(stdout).not.toContain(token.slice(0, 8))
})

test.skipIf(process.platform !== 'linux')('Ctrl-C in place of a token', async () => {
  const { code, stdout } = await onTerminal(['login', 'localhost:1', '-u', 'alice'], [['Token of alice', CTRL_C]])
  expect({ code, said: stdout.includes('Cannot go on: there was no answer') }).toEqual({ code: 130, said: true })
})

test.skipIf(process.platform !== 'linux')('a removal is asked about', async () => {
  const server = await startRoadsteadServer()
  await server.registry.addOrganisation('acme')
  await server.push('acme/app', 'v1')
  const env = loginEnv(server, server.registry.admin)
  const { code, stdout } = await onTerminal(['repo', 'rm', 'acme/app'], [['[y/N]', 'y\r']], env)
  expect({ code, removed: stdout.includes('Removed repository acme/app') }).toEqual({ code: 0, removed: true })
})
