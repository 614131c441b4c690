import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startRoadsteadServer } from './support/roadstead-server.ts'
import { createTestTerminal, loginEnv } from './support/roadstead-terminal.ts'

const fileOf = ({ folder }: { readonly folder: string }) => join(folder, 'config.json')
const modeOf = (path: string) => statSync(path).mode & 0o777

test('login asks, checks, keeps; logout forgets', async () => {
  const server = await startRoadsteadServer()
  const [name, token] = await server.registry.addUser('alice')
  const terminal = createTestTerminal({ answers: [name, token] })
  const file = fileOf(terminal)

  expect(await terminal.run('login', server.address)).toEqual({
    status: 0,
    stdout: `Logged in to ${server.address} as alice; the token is kept in ${file}\n`,
    stderr: '',
  })
  expect(terminal.questions.map((question) => question.startsWith('secret:'))).toEqual([false, true])
  expect(server.requests).toEqual(['GET /api/v1/whoami'])
  expect({ file: modeOf(file), folder: modeOf(terminal.folder) }).toEqual({ file: 0o600, folder: 0o700 })
  expect(readdirSync(terminal.folder)).toEqual(['config.json'])
  const registry = `http://${server.address}`
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    current: registry,
    registries: [{ registry, username: 'alice', token }],
  })

  expect((await terminal.run('whoami')).stdout).toMatch(/^name: +alice\n/)
  expect(await terminal.run('logout')).toMatchObject({ status: 0, stdout: `Logged out of ${server.address}\n` })
  expect(readFileSync(file, 'utf8')).not.toContain(token)
  expect((await terminal.run('whoami')).status).toBe(3)
  expect(await terminal.run('logout')).toMatchObject({ status: 3, stderr: 'Cannot log out: you are not logged in\n' })
})

test('a wrong token is not kept', async () => {
  const server = await startRoadsteadServer()
  const terminal = createTestTerminal({ input: 'wrong-secret\n' })
  expect(await terminal.run('login', server.address, '-u', 'alice', '--password-stdin')).toEqual({
    status: 3,
    stdout: '',
    stderr: `Cannot log in as "alice": ${server.address} refuses the login of alice: its token is wrong, expired or revoked\n`,
  })
  expect(existsSync(terminal.folder)).toBe(false)
})

test('two registries: the one logged in to last, unless another is named', async () => {
  const [one, two] = [await startRoadsteadServer(), await startRoadsteadServer()]
  const { login } = await (async () => {
    await one.registry.addUser('alice')
    return one.registry.addToken('alice', ['*:pull'])
  })()
  const [, operator] = two.registry.admin
  const terminal = createTestTerminal({ answers: [login[1], operator] })
  expect((await terminal.run('login', one.address, '-u', 'alice', '--json')).stdout).toContain('"name": "alice"')
  await terminal.run('login', '--registry', two.address, '-u', 'admin')

  expect((await terminal.run('whoami')).stdout).toMatch(/^name: +admin\n/)
  expect((await terminal.run('whoami', '--registry', one.address)).stdout).toMatch(/^name: +alice\n/)
  expect(await terminal.run('logout', one.address, '--json')).toMatchObject({
    stdout: `{\n  "registry": "http://${one.address}"\n}\n`,
  })
  expect((await terminal.run('whoami')).status).toBe(0)
  expect(await terminal.run('whoami', '--registry', one.address)).toMatchObject({
    status: 3,
    stderr: `Cannot tell who you are: you are not logged in to ${one.address} (roadstead login ${one.address})\n`,
  })
})

test('the environment comes before the file, and its token is for its own registry', async () => {
  const [one, two] = [await startRoadsteadServer(), await startRoadsteadServer()]
  const bob = await one.registry.addUser('bob')
  const file = { answers: [one.registry.admin[1]] }
  const terminal = createTestTerminal({ ...file, env: loginEnv(one, bob) })
  await terminal.run('login', one.address, '-u', 'admin')
  expect((await terminal.run('whoami')).stdout).toMatch(/^name: +bob\n/)
  const before = two.requests.length
  expect((await terminal.run('whoami', '--registry', two.address)).status).toBe(3)
  expect(two.requests.length).toBe(before)
})

test.each([
  ['ROADSTEAD_TOKEN', 'ROADSTEAD_USERNAME'],
  ['ROADSTEAD_USERNAME', 'ROADSTEAD_TOKEN'],
])('%s alone is refused', async (set, missing) => {
  const { run } = createTestTerminal({ env: { ROADSTEAD_REGISTRY: 'localhost:1', [set]: 'something' } })
  expect(await run('whoami')).toEqual({ status: 2, stdout: '', stderr: `Cannot use ${set}: ${missing} is not set\n` })
})

test.each([0o640, 0o604, 0o660, 0o666, 0o601])('a file of mode %o is refused', async (mode) => {
  const terminal = createTestTerminal()
  mkdirSync(terminal.folder)
  writeFileSync(fileOf(terminal), '{"current":null,"registries":[]}')
  chmodSync(fileOf(terminal), mode)
  const refusal = `Cannot use "${fileOf(terminal)}": others can read the tokens in it (chmod 600 "${fileOf(terminal)}")\n`
  for (const line of [['whoami'], ['logout'], ['login', 'localhost:1', '-u', 'a']])
    expect(await terminal.run(...line)).toEqual({ status: 1, stdout: '', stderr: refusal })
  chmodSync(fileOf(terminal), 0o600)
  expect((await terminal.run('whoami')).status).toBe(3)
})

test('Windows keeps it in APPDATA, and knows no such mode', async () => {
  const terminal = createTestTerminal({ platform: 'win32' })
  mkdirSync(terminal.folder)
  writeFileSync(fileOf(terminal), '{"current":null,"registries":[]}', { mode: 0o644 })
  expect((await terminal.run('whoami')).stderr).toContain('you are not logged in')
})

test.each(['', 'rdstp_secret', '{}', '{"current":"http://registry.example.com","registries":[]}'])(
  'a file of something else is refused, and not shown: %s',
  async (text) => {
    const terminal = createTestTerminal()
    mkdirSync(terminal.folder)
    writeFileSync(fileOf(terminal), text, { mode: 0o600 })
    const { status, stderr } = await terminal.run('whoami')
    expect(status).toBe(1)
    expect(stderr).toBe(
      `Cannot read "${fileOf(terminal)}": it is not what "roadstead login" writes (remove it, and log in)\n`,
    )
  },
)

test('a folder that cannot be made', async () => {
  const server = await startRoadsteadServer()
  const [name, token] = server.registry.admin
  const terminal = createTestTerminal({ input: token })
  writeFileSync(terminal.folder, '') // a file where the folder is to be
  const { status, stderr } = await terminal.run('login', server.address, '-u', name, '--password-stdin')
  expect({ status, stderr: stderr.replace(/\n.*/s, '') }).toMatchObject({ status: 1 })
  expect(stderr).toContain(`Cannot read "${fileOf(terminal)}": ENOTDIR`)
})
