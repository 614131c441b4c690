import { expect, test } from 'vitest'

import { listen, startRoadsteadServer } from './support/roadstead-server.ts'
import { createTestTerminal, loginEnv, words } from './support/roadstead-terminal.ts'

const DENIED = 'you may not do this, or not with this token'

test.each([
  ['admin', 'user rm nobody', 'Cannot remove user "nobody": no such user or organisation (name nobody)'],
  ['admin', 'user rm acme', 'Cannot remove user "acme": acme is an organisation'],
  ['admin', 'org rm alice', 'Cannot remove organisation "alice": alice is a user'],
  ['admin', 'org set alice --visibility public', 'Cannot change organisation "alice": alice is a user'],
  ['admin', 'user add alice', 'Cannot add user "alice": there is a user or an organisation alice'],
  ['admin', 'user add admin', 'Cannot add user "admin": the name admin is taken by the registry itself'],
  ['admin', 'org rm acme', 'Cannot remove organisation "acme": it has repositories, such as acme/app'],
  ['admin', 'org add b --owner nobody', 'Cannot add organisation "b": no such user or organisation (user nobody)'],
  ['admin', 'member rm acme bob', 'Cannot remove "bob" from "acme": no such member (organisation acme, user bob)'],
  [
    'admin',
    'member add acme alice --repository other/app=reader',
    'Cannot make "alice" a member of "acme": other/app is not a repository of acme',
  ],
  [
    'admin',
    'repo show acme/none',
    'Cannot show repository "acme/none": repository name not known to registry (name acme/none)',
  ],
  ['admin', 'tag rm acme/app v9', 'Cannot remove tag "acme/app:v9": no such tag (tag v9)'],
  [
    'admin',
    'token create --for alice --name x --expires 2026-01-01',
    'Cannot make token "x": it would have expired already',
  ],
  ['admin', 'token revoke 0000', 'Cannot revoke token "0000": no such token (id 0000)'],
  ['admin', 'trust rm acme 0000', 'Cannot remove trust rule "0000" of "acme": no such trust rule (id 0000)'],
  [
    'admin',
    'trust add acme --issuer gitlab --claim a=b --repository acme/app --actions pull',
    'Cannot add a trust rule to "acme": this registry takes tokens of https://token.actions.githubusercontent.com alone',
  ],
  ['alice', 'user ls', `Cannot list users: ${DENIED}`],
  ['alice', 'user add bob', `Cannot add user "bob": ${DENIED}`],
  ['alice', 'member ls acme', `Cannot list the members of "acme": ${DENIED}`],
  ['alice', 'repo rm acme/app --yes', `Cannot remove repository "acme/app": ${DENIED}`],
  ['alice', 'audit', `Cannot list the changes of the registry: ${DENIED}`],
  ['alice', 'audit acme', `Cannot list the changes of "acme": ${DENIED}`],
] as const)('%s: %s', async (who, line, stderr) => {
  const server = await startRoadsteadServer()
  const alice = await server.registry.addUser('alice')
  await server.registry.addUser('bob')
  await server.registry.addOrganisation('acme')
  await server.push('acme/app', 'v1')
  const { run } = createTestTerminal({ env: loginEnv(server, who === 'admin' ? server.registry.admin : alice) })
  expect(await run(...words(line))).toEqual({ status: 1, stdout: '', stderr: `${stderr}\n` })
})

test('a weak token makes no stronger one', async () => {
  const server = await startRoadsteadServer()
  await server.registry.addUser('alice')
  const { login } = await server.registry.addToken('alice', ['alice/*:pull,admin'])
  const { run } = createTestTerminal({ env: loginEnv(server, login) })
  const { status, stderr } = await run('token', 'create', '--name', 'strong')
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'Cannot make token "strong": the token that asks is for less than it would give\n',
  })
})

// Before any request: there is no registry at the other end.
test.each([
  ['', 'Usage: roadstead'],
  ['user', 'Usage: roadstead user'],
  ['fly', "error: unknown command 'fly'"],
  ['user fly', "error: unknown command 'fly'"],
  ['user add', "error: missing required argument 'name'"],
  ['user add a b', "error: too many arguments for 'add'. Expected 1 argument but got 2.\n"],
  ['user add Alice', 'It is to be lowercase letters'],
  ['user add ../users', 'It is to be lowercase letters'],
  ['user add alice --visibility secret', 'Allowed choices are private, public.'],
  ['user set alice', 'Cannot change user "alice": no option says what to change\n'],
  ['org set acme', "error: required option '--visibility <who>' not specified"],
  ['member add acme alice', 'Cannot make "alice" a member of "acme": give --role, or --repository, or both\n'],
  ['member add acme alice --role king', 'Allowed choices are owner, writer, reader.'],
  ['member add acme alice --repository acme/app', 'It is to be written as acme/app=reader.'],
  ['member add acme alice --repository acme/app=king', '"king" is none of owner, writer, reader.'],
  [
    'member add acme alice --repository acme/app=reader --repository acme/app=owner',
    'There is another one for acme/app.',
  ],
  ['repo show acme/app:v1', 'It is to be a repository such as acme/app'],
  ['repo rm acme/app/_tags/v1 --yes', 'It is to be a repository such as acme/app'],
  ['tag rm acme/app a/b', 'It is to be a tag such as v1.'],
  ['token create', "error: required option '--name <name>' not specified"],
  ['token create --name x --scope acme', 'such as acme/*:pull,push'],
  ['token create --name x --scope *:fly', '"fly" is none of pull, push, delete, admin.'],
  ['token create --name x --expires tomorrow', 'It is to be such as 30d, 12h, 2026-12-31'],
  ['token create --name x --expires 2026-02-30', 'It is to be such as 30d, 12h, 2026-12-31'],
  ['token create --for A --name x', 'It is to be lowercase letters'],
  ['token revoke ..', 'It is to be an id as the list shows it.'],
  ['trust add acme --issuer github --repository acme/app --actions pull', "required option '--claim <name=value>'"],
  ['trust add acme --issuer ftp://x', 'It is to be github, gitlab or an address'],
  ['trust rm acme .', 'It is to be an id as the list shows it.'],
  ['audit --since yesterday', 'It is to be such as 30d'],
  ['user ls --registry http://registry.example.com', 'Cannot use registry "registry.example.com": plain http'],
  ['user ls --registry ftp://registry.example.com', 'Cannot use this registry: it is to be an address such as'],
  ['user ls --registry registry.example.com/v2', 'there must be nothing after its name and port'],
  ['login', 'Cannot log in: name the registry'],
  ['login localhost:5000', 'there is no terminal to ask at (--username)'],
  ['login localhost:5000 -u alice', 'there is no terminal to ask at (--password-stdin)'],
  ['login localhost:5000 --password-stdin', '--username is missing'],
  ['login localhost:5000 -u alice --password-stdin', 'the token is empty'],
  ['login localhost:5000 -u a:b --password-stdin', 'that is no name of a user'],
])('wrong usage: %s', async (line, stderr) => {
  const result = await createTestTerminal().run(...words(line))
  expect(result).toMatchObject({ status: 2, stdout: '' })
  expect(result.stderr).toContain(stderr)
})

test('whose tokens, if not of somebody', async () => {
  const { run } = createTestTerminal({ env: loginEnv({ address: 'localhost:1' }, ['No Body', 'secret']) })
  const { status, stderr } = await run('token', 'ls')
  expect(status).toBe(2)
  expect(stderr).toBe('Cannot tell whose tokens: "No Body" is no name of a user (use --for)\n')
})

test.each([
  ['localhost:5000 the-secret-of-alice', 'the-secret-of-alice'],
  ['https://alice:the-secret-of-alice@registry.example.com', 'the-secret-of-alice'],
  ["localhost:5000 'the-secret-of-alice\nin-two-lines'", 'in-two-lines'],
  ['localhost:5000 --token=the-secret-of-alice', 'the-secret-of-alice'],
  ['localhost:5000 -pthe-secret-of-alice', 'the-secret-of-alice'],
  [`rdstp_${'0'.repeat(54)}://x`, 'rdstp_0'],
  [`localhost:5000 -u rdstp_${'0'.repeat(54)} --password-stdin`, 'rdstp_0'],
])('wrong usage does not show a secret again: login %s', async (line, secret) => {
  const { status, stderr } = await createTestTerminal().run('login', ...words(line))
  expect(status).toBe(2)
  expect(stderr).not.toContain(secret)
  expect(stderr).toMatch(/^(error:|Cannot) /)
})

test('without an answer, nothing is removed', async () => {
  const server = await startRoadsteadServer()
  await server.registry.addOrganisation('acme')
  await server.push('acme/app', 'v1')
  const env = loginEnv(server, server.registry.admin)
  const cannot = 'Cannot remove repository "acme/app": '
  const alone = await createTestTerminal({ env }).run('repo', 'rm', 'acme/app')
  expect(alone).toMatchObject({ status: 2, stderr: `${cannot}there is no terminal to ask at (use --yes)\n` })
  for (const answer of ['', 'n', 'yeah'])
    expect(await createTestTerminal({ env, answers: [answer] }).run('repo', 'rm', 'acme/app')).toMatchObject({
      status: 1,
      stderr: `${cannot}you did not say yes\n`,
    })
  expect(server.requests.filter((request) => request.startsWith('DELETE '))).toEqual([])
})

test.each([
  ['user ls', 'Cannot list users: '],
  ['repo ls', 'Cannot list repositories: '],
  ['token create --name x', 'Cannot make token "x": '],
])('a registry that is not there: %s', async (line, cannot) => {
  const login = ['alice', 'secret'] as const
  const { run } = createTestTerminal({ env: loginEnv({ address: '127.0.0.1:1' }, login) })
  const { status, stdout, stderr } = await run(...words(line))
  expect({ status, stdout }).toEqual({ status: 4, stdout: '' })
  expect(stderr).toMatch(new RegExp(`^${cannot}127\\.0\\.0\\.1:1 cannot be reached: .+\\n$`))
})

test.each([
  [200, '<html>', {}, 'answered something that is not of the API (is it another registry?)'],
  [200, '{"items":[{"name":1}]}', {}, 'answered something that is not of the API (is it another registry?)'],
  [502, 'Bad gateway', {}, 'answered 502 and no reason'],
  [307, '', { Location: 'http://127.0.0.1:1/' }, 'answered 307 and no reason'],
  [200, '{"items":[]}', { Link: '<http://127.0.0.1:1/>; rel="next"' }, 'says that its list goes on elsewhere'],
] as const)('something else that answers %i %s', async (status, body, headers, why) => {
  const { address } = await listen((_, response) => {
    response.writeHead(status, headers).end(body)
  })
  const { run } = createTestTerminal({ env: loginEnv({ address }, ['alice', 'secret']) })
  expect(await run('user', 'ls')).toEqual({
    status: 1,
    stdout: '',
    stderr: `Cannot list users: ${address} ${why}\n`,
  })
})
