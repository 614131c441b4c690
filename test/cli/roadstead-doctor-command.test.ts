import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { startLocal, type Local } from '../../src/node/local.ts'
import { temporaryFolder } from '../node/support/temporary.ts'
import { makeFolder } from './support/doctor-folder.ts'
import { refusal, startLyingFront } from './support/lying-front.ts'
import { BIN, startProcess } from './support/roadstead-process.ts'
import { createTestTerminal } from './support/roadstead-terminal.ts'

const folder = makeFolder()
let local: Local
beforeAll(async () => {
  local = await startLocal({ data: join(folder.path, 'data') })
})
afterAll(async () => {
  await local.stop()
  folder.remove()
})

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const token = () => local.adminToken?.text ?? ''

async function api(path: string, init: { method?: string; body?: unknown } = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${local.url}/api/v1${path}`, {
    method: init.method ?? 'GET',
    headers: { Authorization: `Basic ${btoa(`admin:${token()}`)}`, 'Content-Type': 'application/json' },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })
  expect(response.ok).toBe(true)
  return response.json()
}

test('with the login that is kept: 0, and the login is nowhere in it', async () => {
  const terminal = createTestTerminal({ input: token() })
  const login = await terminal.run('login', local.url, '-u', 'admin', '--password-stdin')
  expect(login.status).toBe(0)
  const { status, stdout, stderr } = await terminal.run('doctor')
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^ok {4}dns: .*\n/)
  expect(stdout).toMatch(/\n\nFit for clients: 29 ok, 0 to know of, 0 failed\.\n$/)
  expect(stdout).not.toContain(token())
})

test('--json: an object a line, the last one the summary; without secrets', async () => {
  const { run } = createTestTerminal({ input: `${token()}\n` })
  const argv = ['doctor', '--registry', local.url, '-u', 'admin', '--password-stdin', '--json']
  const { status, stdout } = await run(...argv, '--repository', 'admin/here')
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  expect(status).toBe(0)
  expect(lines[0]).toEqual({ name: 'dns', verdict: 'ok', seen: expect.any(String) as string })
  expect(lines.at(-1)).toEqual({ healthy: true, complete: true, ok: 29, warn: 0, fail: 0 })
  expect(stdout).toContain('an image is pushed to admin/here')
  expect(stdout).not.toContain(token())
  expect(stdout).not.toMatch(/X-Amz-Signature|X-Amz-Credential|state=|eyJ/)
})

test('something that fails: 1, and what to do', async () => {
  const { origin } = await startLyingFront(local, ({ url }, honest) =>
    url.pathname === '/readyz' ? refusal(503) : honest(),
  )
  const { status, stdout, stderr } = await createTestTerminal().run('doctor', '--registry', origin)
  expect(status).toBe(1)
  expect(stdout).toMatch(/\nFAIL {2}readyz: \/readyz is answered 503: .*\n {6}storage: run "npm run doctor"/)
  expect(stdout).toMatch(/\nNot fit for clients: \d+ ok, 1 to know of, 1 failed\.\n$/)
  expect(stderr).toBe(`Cannot vouch for ${new URL(origin).host}: see what has failed\n`)
})

test('nobody there: 1', async () => {
  const { status, stdout, stderr } = await createTestTerminal().run('doctor', '--registry', '127.0.0.1:1')
  expect(status).toBe(1)
  expect(stdout).toContain('FAIL  registry: 127.0.0.1:1 cannot be reached: connect ECONNREFUSED')
  expect(stderr).toBe('Cannot examine all: 127.0.0.1:1 cannot be reached as clients would reach it\n')
})

test.each([
  [['--registry', 'ftp://a'], 2],
  [['--registry', 'http://user:hunter22@registry.test'], 2],
  [['--registry', 'https://registry.test/v2'], 2],
  [['--registry', 'localhost:1', '--timeout', '0'], 2],
  [['--registry', 'localhost:1', '--timeout', 'soon'], 2],
  [['--registry', 'localhost:1', '--ca', 'none.pem'], 2],
  [['--registry', 'localhost:1', '--password-stdin'], 2],
  [['--registry', 'localhost:1', '-u', 'a:b', '--password-stdin'], 2],
  [['--registry', 'http://registry.test', '-u', 'alice', '--password-stdin'], 2],
  [['--registry', 'localhost:1', '--repository', 'A'], 2],
  [[], 3],
])('%j: %i, before anything is asked', async (argv, expected) => {
  const { run } = createTestTerminal({ input: 'hunter22' })
  const { status, stdout, stderr } = await run('doctor', ...argv)
  expect({ status, stdout }).toEqual({ status: expected, stdout: '' })
  expect(stderr).not.toContain('hunter22')
})

test('a file that is no certificate', async () => {
  const file = join(temporaryFolder(), 'ca.crt')
  writeFileSync(file, 'something else')
  const { status, stderr } = await createTestTerminal().run('doctor', '--registry', 'localhost:1', '--ca', file)
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: `Cannot use "${file}": there is no certificate in it (PEM)\n`,
  })
})

test('a token that may push and not delete: nothing is pushed that could not be removed', async () => {
  await api('/users', { method: 'POST', body: { name: 'alice' } })
  const scopes = [{ repositories: '*', actions: ['pull', 'push'] }]
  const made = await api('/namespaces/alice/tokens', { method: 'POST', body: { name: 'weak', scopes } })
  const env = { ROADSTEAD_REGISTRY: local.url, ROADSTEAD_USERNAME: 'alice', ROADSTEAD_TOKEN: String(made['token']) }
  const { status, stdout } = await createTestTerminal({ env }).run('doctor')
  expect(status).toBe(0)
  expect(stdout).toMatch(/\nwarn {2}push: .*: alice may not delete in alice\/roadstead-doctor-/)
  expect(stdout).toContain('roadstead token create --name doctor')
  expect(await api('/repositories')).toEqual({ items: [] })
})

test('a repository that was there before keeps what it has, and stays', async () => {
  const headers = { Authorization: `Basic ${btoa(`admin:${token()}`)}` }
  const answer = await fetch(`${local.url}/token?scope=repository:admin/used:pull,push`, { headers })
  const bearer = (await answer.json<{ token: string }>()).token
  const v2 = (path: string, body: string | null = null) =>
    fetch(`${local.url}/v2/admin/used${path}`, {
      headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': INDEX_TYPE },
      ...(body === null ? {} : { method: 'PUT', body }),
    })
  const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] })
  const pushed = await v2('/manifests/v1', index)
  expect(pushed.status).toBe(201)

  const env = { ROADSTEAD_REGISTRY: local.url, ROADSTEAD_USERNAME: 'admin', ROADSTEAD_TOKEN: token() }
  const { status, stdout } = await createTestTerminal({ env }).run('doctor', '--repository', 'admin/used')
  expect(status, stdout).toBe(0)
  expect(stdout).toContain('is removed; the repository was there before, and stays')
  expect(await (await v2('/tags/list')).json()).toEqual({ name: 'admin/used', tags: ['v1'] })
  expect((await v2('/manifests/v1')).status).toBe(200)
  await api('/repositories/admin/used', { method: 'DELETE' })
})

test('Ctrl-C: what was pushed is removed before it ends', async () => {
  const { origin } = await startLyingFront(local, async (request, honest) => {
    if (request.toStorage) await delay(5_000)
    return honest()
  })
  const env = { ROADSTEAD_REGISTRY: origin, ROADSTEAD_USERNAME: 'admin', ROADSTEAD_TOKEN: token() }
  const { child, end } = startProcess([process.execPath, BIN, 'doctor'], { env })
  child.stdout?.on('data', (chunk: unknown) => {
    if (String(chunk).includes('redirect:')) child.kill('SIGINT')
  })
  const { code, stdout, stderr } = await end
  expect({ code, stderr }, stdout).toEqual({ code: 130, stderr: 'Cannot go on: it was interrupted\n' })
  expect(stdout).toContain('ok    clean-up: ')
  expect(JSON.stringify(await api('/repositories'))).not.toContain('roadstead-doctor-')
})
