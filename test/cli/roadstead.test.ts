import { expect, test } from 'vitest'

import { startRoadsteadServer, GITHUB, type RoadsteadServer } from './support/roadstead-server.ts'
import { createTestTerminal, loginEnv, words } from './support/roadstead-terminal.ts'

const NOW = '2026-11-24T12:00:00.000Z'

/** A registry with user alice, organisation acme that she owns, and image acme/app:v1. */
async function furnish(): Promise<RoadsteadServer> {
  const server = await startRoadsteadServer()
  await server.registry.addUser('alice')
  await server.registry.addOrganisation('acme')
  await server.registry.addMember('acme', 'alice', 'owner')
  await server.push('acme/app', 'v1')
  return server
}

/** Columns as people see them: two or more spaces between. */
function cells(stdout: string): string[][] {
  const lines = stdout.trimEnd().split('\n')
  expect(lines.filter((line) => /\s$/.test(line))).toEqual([])
  return lines.map((line) => line.split(/ {2,}/))
}

test.each([
  ['user add bob', 'Added user bob (new repositories are private)'],
  ['user add bob --administrator --visibility public', 'Added user bob (administrator, new repositories are public)'],
  ['user rm alice', 'Removed user alice'],
  ['user set alice --visibility public', 'Changed user alice (new repositories are public)'],
  ['user set alice --administrator', 'Changed user alice (administrator, new repositories are private)'],
  ['user set alice --no-administrator', 'Changed user alice (new repositories are private)'],
  ['org add initech --owner alice', 'Added organisation initech (new repositories are private)'],
  ['org add initech --visibility public', 'Added organisation initech (new repositories are public)'],
  ['org set acme --visibility public', 'Changed organisation acme (new repositories are public)'],
  ['member add acme alice --role writer', 'alice is a member of acme: writer'],
  ['member add acme alice --repository acme/app=reader', 'alice is a member of acme: acme/app=reader'],
  [
    'member add acme alice --role reader --repository acme/app=writer --repository acme/b=owner',
    'alice is a member of acme: reader acme/app=writer acme/b=owner',
  ],
  ['member rm acme alice', 'Removed alice from acme'],
  ['repo set-visibility acme/app public', 'acme/app is public'],
  ['repo set-visibility acme/app private', 'acme/app is private'],
  ["repo describe acme/app 'Our own app'", 'Described acme/app'],
  ['repo rm acme/app --yes', 'Removed repository acme/app'],
  ['tag rm acme/app v1', 'Removed tag acme/app:v1'],
  ['org rm empty', 'Removed organisation empty'],
])('%s', async (line, stdout) => {
  const server = await furnish()
  await server.registry.addOrganisation('empty')
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  expect(await run(...words(line))).toEqual({ status: 0, stdout: `${stdout}\n`, stderr: '' })
})

test.each([
  ['user ls', ['NAME VISIBILITY CREATED BY ADMINISTRATOR', `alice private ${NOW} admin no`]],
  ['org ls', ['NAME VISIBILITY CREATED BY', `acme private ${NOW} admin`]],
  ['member ls acme', ['USER ROLE ADDED BY REPOSITORIES', `alice owner ${NOW} admin`]],
  ['repo ls', ['NAME VISIBILITY CREATED DESCRIPTION', `acme/app private ${NOW}`]],
  ['repo show acme/app', ['name: acme/app', 'visibility: private', `created: ${NOW}`, 'description:']],
  ['tag ls acme/app', ['TAG DIGEST PUSHED BY', `v1 DIGEST ${NOW} admin`]],
  ['tag history acme/app v1', ['PUSHED BY DIGEST', `${NOW} admin DIGEST`]],
  ['trust ls acme', ['ID ISSUER AUDIENCE CLAIMS REPOSITORIES ACTIONS']],
  [
    'audit --since 1d',
    [
      'AT BY FROM ACTION SUBJECT DETAIL',
      `${NOW} admin - user.add alice {"administrator":false,"defaultVisibility":"private","owner":null}`,
      `${NOW} admin - organisation.add acme {"administrator":false,"defaultVisibility":"private","owner":null}`,
    ],
  ],
  ['audit --since 2026-11-25', ['AT BY FROM ACTION SUBJECT DETAIL']],
] as const)('%s', async (line, want) => {
  const server = await furnish()
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  const { stdout, ...rest } = await run(...words(line))
  expect(rest).toEqual({ status: 0, stderr: '' })
  const [head, ...rows] = cells(stdout).map((row) => row.join(' ').replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST'))
  const [wantedHead, ...wanted] = want
  expect(head).toBe(wantedHead)
  expect(new Set(rows)).toEqual(new Set(wanted)) // what happens within a millisecond has no order
})

// What another tool reads: one document, that of the API.
test.each([
  ['whoami', { name: 'admin', kind: 'user', administrator: true, token: null, organisations: [] }],
  ['user add bob', { name: 'bob', kind: 'user', administrator: false, defaultVisibility: 'private' }],
  ['user ls', { items: [{ name: 'alice' }] }],
  ['user set alice --visibility public', { name: 'alice', defaultVisibility: 'public' }],
  ['user rm alice', {}],
  ['org add initech', { name: 'initech', kind: 'organisation' }],
  ['org ls', { items: [{ name: 'acme' }] }],
  ['org set acme --visibility public', { name: 'acme', defaultVisibility: 'public' }],
  ['member add acme alice --repository acme/app=reader', { role: null, repositories: { 'acme/app': 'reader' } }],
  ['member ls acme', { items: [{ user: 'alice', role: 'owner', repositories: {} }] }],
  ['member rm acme alice', {}],
  ['repo ls', { items: [{ name: 'acme/app', visibility: 'private', description: '' }] }],
  ['repo show acme/app', { name: 'acme/app', createdAt: NOW }],
  ['repo set-visibility acme/app public', { name: 'acme/app', visibility: 'public' }],
  ['repo describe acme/app text', { description: 'text' }],
  ['repo rm acme/app --yes', { done: true }],
  ['tag ls acme/app', { items: [{ name: 'v1', pushedBy: 'admin' }] }],
  ['tag history acme/app v1', { items: [{ pushedBy: 'admin' }] }],
  ['tag rm acme/app v1', {}],
  ['token create --for alice --name laptop', { name: 'laptop', expiresAt: null }],
  ['token ls --for alice', { items: [{ name: 'token-of-alice' }] }],
  ['trust ls acme', { items: [] }],
  [
    'audit',
    {
      items: [{ by: 'admin' }, { by: 'admin' }],
    },
  ],
])('%s --json', async (line, want) => {
  const server = await furnish()
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  const { status, stdout } = await run(...words(line), '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject(want)
})

test('a token is alone on standard output, and is for what was asked', async () => {
  const server = await furnish()
  const alice = await server.registry.addToken('alice', ['*:pull,push,delete,admin'])
  const { run } = createTestTerminal({ env: loginEnv(server, alice.login) })
  const made = await run(
    ...words("token create --name laptop --scope 'acme/*:pull' --scope alice/x:pull,push --expires 30d"),
  )
  expect(made.status).toBe(0)
  expect(made.stdout).toMatch(/^rdstp_[0-9A-Za-z]{54}\n$/)
  const [, id = ''] = /^Token (\w{16}) of alice, for acme\/\*:pull alice\/x:pull,push, /.exec(made.stderr) ?? []
  expect(made.stderr).toContain('expires 2026-12-24T12:00:00.000Z')
  const asItself = createTestTerminal({ env: loginEnv(server, ['alice', made.stdout.trim()]) })
  expect((await asItself.run('whoami')).stdout).toContain(`laptop (${id})`)

  const listed = await run('token', 'ls')
  expect(listed.stdout).toContain(`${id}   laptop           acme/*:pull alice/x:pull,push   2026-12-24T12:00:00.000Z`)
  expect(listed.stdout).not.toContain(made.stdout.trim())
  expect(await run('token', 'revoke', id)).toEqual({ status: 0, stdout: `Revoked token ${id}\n`, stderr: '' })
  expect((await asItself.run('whoami')).status).toBe(3)
})

test.each([
  ['', '*:pull,push', 'never'],
  ['--expires never', '*:pull,push', 'never'],
  ['--expires 2026-12-31', '*:pull,push', '2026-12-31T00:00:00.000Z'],
  ['--scope *:pull', '*:pull', 'never'],
])('a token of an organisation with %s', async (options, scopes, expires) => {
  const server = await furnish()
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  const { status, stdout, stderr } = await run(...words(`token create --for acme --name ci ${options}`))
  expect({ status, kind: stdout.slice(0, 6) }).toEqual({ status: 0, kind: 'rdstr_' })
  expect(stderr).toMatch(/^Token \w{16} of acme, /)
  expect(stderr).toContain(`for ${scopes}, expires ${expires}. `)
})

test('a trust rule comes and goes', async () => {
  const server = await furnish()
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  const added = await run(
    ...words(
      "trust add acme --issuer github --claim repository=acme/app --claim sub=a=b --repository 'acme/*' --actions pull,push",
    ),
  )
  expect(added).toMatchObject({ status: 0, stderr: '' })
  const [, id = ''] = /^Added trust rule ([0-9a-f-]{36}) to acme, for the audience /.exec(added.stdout) ?? []
  const [, row = []] = cells((await run('trust', 'ls', 'acme')).stdout)
  expect(row.toSpliced(2, 1)).toEqual([id, GITHUB, 'repository=acme/app sub=a=b', 'acme/*', 'pull,push'])
  const more = '--claim repository=acme/app --repository acme/app --actions pull --audience me --json'
  const other = JSON.parse((await run(...words(`trust add acme --issuer ${GITHUB} ${more}`))).stdout) as unknown
  expect(other).toMatchObject({ issuer: GITHUB, audience: 'me', actions: ['pull'] })
  expect(await run('trust', 'rm', 'acme', id)).toMatchObject({
    status: 0,
    stdout: `Removed trust rule ${id} of acme\n`,
  })
  expect(cells((await run('trust', 'ls', 'acme')).stdout)).toHaveLength(2)
})

test('a listing is followed to its end', async () => {
  const server = await startRoadsteadServer()
  const names = Array.from({ length: 230 }, (_, index) => `user${String(index).padStart(3, '0')}`)
  for (const name of names) await server.registry.api(server.registry.admin, 'POST', '/users', { name })
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  const { stdout } = await run('user', 'ls', '--json')
  expect((JSON.parse(stdout) as { items: { name: string }[] }).items.map(({ name }) => name)).toEqual(names)
  expect(server.requests.filter((request) => request.startsWith('GET /api/v1/users'))).toHaveLength(3)
})

test('a repository of many tags is removed with as many requests as that takes', async () => {
  const server = await furnish()
  for (let index = 0; index < 30; index++) await server.push('acme/app', `t${index}`)
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin), answers: ['y'] })
  expect(await run('repo', 'rm', 'acme/app')).toEqual({
    status: 0,
    stdout: 'Removed repository acme/app\n',
    stderr: '',
  })
  expect(server.requests.filter((request) => request.startsWith('DELETE ')).length).toBeGreaterThan(2)
  expect(cells((await run('repo', 'ls')).stdout)).toHaveLength(1)
})

test('what is public can be looked at without a login', async () => {
  const server = await furnish()
  await server.registry.api(server.registry.admin, 'PATCH', '/repositories/acme/app', { visibility: 'public' })
  const { run } = createTestTerminal({ env: { ROADSTEAD_REGISTRY: server.address } })
  for (const line of ['repo ls', 'repo show acme/app', 'tag ls acme/app', 'tag history acme/app v1'])
    expect(await run(...words(line)), line).toMatchObject({ status: 0, stderr: '' })
})

test('a description cannot speak to the terminal', async () => {
  const server = await furnish()
  const { run } = createTestTerminal({ env: loginEnv(server, server.registry.admin) })
  await run('repo', 'describe', 'acme/app', 'red \u001b[31m\nnext')
  expect((await run('repo', 'show', 'acme/app')).stdout).toContain('description:   red \ufffd[31m\ufffdnext\n')
})
