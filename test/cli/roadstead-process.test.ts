import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { temporaryFolder } from '../node/support/temporary.ts'
import { BIN, startProcess } from './support/roadstead-process.ts'
import { startRoadsteadServer } from './support/roadstead-server.ts'
import { loginEnv } from './support/roadstead-terminal.ts'

const NODE = process.execPath
// As for a Node that cannot run TypeScript: the project's own is started.
const OLD = [NODE, '--no-experimental-strip-types', BIN]
// What there may be beside the project's own, of whatever version.
const SYSTEM = ['/usr/local/bin/node', '/usr/bin/node'].filter((path) => existsSync(path)).map((path) => [path, BIN])

test.each([[NODE, BIN], OLD, ...SYSTEM])('login, and a listing: %s %s %s', async (...command) => {
  const server = await startRoadsteadServer()
  await server.registry.addUser('alice')
  const [name, token] = server.registry.admin
  const env = { XDG_CONFIG_HOME: temporaryFolder() }
  const run = (args: readonly string[], input?: string) =>
    startProcess([...command.filter(Boolean), ...args], { env, ...(input === undefined ? {} : { input }) }).end

  const login = await run(['login', server.address, '-u', name, '--password-stdin'], `${token}\n`)
  expect(login).toMatchObject({ code: 0, stderr: '' })
  const { code, stdout, stderr } = await run(['user', 'ls', '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ items: [{ name: 'alice' }] })
})

test('npx finds it in the project, and needs no network for that', async () => {
  const env = { npm_config_cache: temporaryFolder(), npm_config_update_notifier: 'false' }
  const { code, stdout } = await startProcess(['npx', '--offline', 'roadstead', '--help'], { env }).end
  expect({ code, start: stdout.split('\n')[0] }).toEqual({ code: 0, start: 'Usage: roadstead [options] [command]' })
})

test('statuses and errors come through', async () => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    startProcess([...OLD, ...args], { env: { XDG_CONFIG_HOME: temporaryFolder(), ...env } }).end
  const server = await startRoadsteadServer()
  const conflict = await run(['user', 'add', 'admin'], loginEnv(server, server.registry.admin))
  expect(conflict).toMatchObject({
    code: 1,
    stderr: 'Cannot add user "admin": the name admin is taken by the registry itself\n',
  })
  const wrong = await run(['user', 'ls'], loginEnv(server, ['admin', 'wrong-secret']))
  expect(wrong).toMatchObject({ code: 3, stdout: '' })
  expect(wrong.stderr).not.toContain('wrong-secret')
  expect(await run(['user', 'ls'], loginEnv({ address: '127.0.0.1:1' }, ['a', 'b']))).toMatchObject({ code: 4 })
})

test('a signal ends it, and the Node that it has started', async () => {
  const args = ['login', '127.0.0.1:1', '-u', 'alice', '--password-stdin']
  const { child, end } = startProcess([...OLD, ...args], { input: null })
  await delay(1500)
  child.kill('SIGTERM')
  expect(await end).toMatchObject({ code: null, signal: 'SIGTERM' })
})
