import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Login } from './clients/client.ts'
import { createAccounts } from './support/accounts.ts'
import { clearClients, clientsOf, describeWithClients, folder, images, s3 } from './support/clients.ts'
import { type RegistryWithAccounts, startRegistryWithAccounts } from './support/registry.ts'

const WRONG_TOKEN = 'rdstp_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR'

describeWithClients('logging in', () => {
  const ownFolder = join(folder, 'accounts-login')
  let running: RegistryWithAccounts
  const logins: Record<string, Login> = {}

  beforeAll(async () => {
    await clearClients()
    running = await startRegistryWithAccounts(ownFolder, s3)
    const accounts = createAccounts(running)
    logins['admin'] = { username: 'admin', password: running.adminToken }
    logins['dora'] = await accounts.addUser('dora')
    logins['crew'] = await accounts.addOrganisation('crew')
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await clearClients()
  })

  test('what npm start prints can be typed as it is', async () => {
    const { docker: beginner } = clientsOf('beginner')
    const local = await startRegistryWithAccounts(join(folder, 'printed'), null)
    onTestFinished(() => local.daemon.stop('SIGINT'))
    const printed = local.daemon.log()
    const [, token = ''] =
      /^The administrator's token, shown this once and kept in .*:\n\n {2}(\S+)$/m.exec(printed) ?? []
    const image = images['app-v1']
    await beginner.load(image, 'gallery:latest')

    const commands = [...printed.matchAll(/^ {2}docker (.*)$/gm)].map(([, command = '']) => command.split(' '))
    expect(commands.map(([name]) => name)).toEqual(['login', 'tag', 'push', 'pull'])
    for (const [name = '', ...words] of commands) {
      // Its name in the registry is in small letters; what the prompt would ask for is its input here.
      const line = [name, ...words.map((word) => word.replace('IMAGE', 'gallery'))]
      if (name === 'pull') await beginner.clear()
      if (name === 'login') await beginner.with({ input: token })(...line, '--password-stdin')
      else await beginner(...line)
    }
    expect((await beginner.inspect(`${local.host}/admin/gallery:v1`)).Id).toBe(image.id)
  })

  test.for(['dora', 'crew', 'admin'])('docker keeps a refresh token, and not the token of %s', async (name) => {
    const login = logins[name] ?? { username: '', password: '' }
    const { docker: own } = clientsOf(`docker-of-${name}`)
    await own.login(running.host, login)

    const kept = JSON.parse(readFileSync(own.configFile, 'utf8')) as unknown
    expect(kept).toMatchObject({
      auths: {
        [running.host]: {
          auth: btoa(`${name}:`),
          identitytoken: expect.stringMatching(/^rdstf_\w{54}$/) as string,
        },
      },
    })
    const reference = `${running.host}/${name}/app:v1`
    await own.load(images['app-v1'], reference)
    const digest = await own.push(reference)
    expect((await own('image', 'pull', reference)).stdout).toContain(`Digest: ${digest}`)
  })

  const WRONG: readonly (readonly [what: string, username: string, password: (own: string) => string])[] = [
    ['a token that nobody has', 'dora', () => WRONG_TOKEN],
    ['a token of somebody else', 'crew', (own) => own],
    ['a name that nobody has', 'nora', (own) => own],
    ['a password', 'admin', () => 'admin'],
  ]

  test.for(WRONG)('docker login with %s fails', async ([, username, password]) => {
    const { docker: own } = clientsOf('docker-of-a-stranger')
    const login = { username, password: password(logins['dora']?.password ?? '') }
    await expect(own.login(running.host, login)).rejects.toThrow(/unauthorized: authentication required/)
  })

  test.for(['podman', 'skopeo'] as const)('%s login fails with a wrong token', async (name) => {
    const stranger = clientsOf(`${name}-of-a-stranger`)[name]
    const login = { username: 'dora', password: WRONG_TOKEN }
    await expect(stranger.login(running.host, login)).rejects.toThrow(/invalid username\/password/)
  })

  test('ctr push fails with a wrong token', async () => {
    const { ctr: stranger } = clientsOf('ctr-of-a-stranger')
    const reference = `${running.host}/dora/by-ctr:v1`
    await stranger.login(running.host, { username: 'dora', password: WRONG_TOKEN })
    await stranger.load(images['app-v1'], reference)
    await expect(stranger.push(reference)).rejects.toThrow(/401 Unauthorized/)
  })
})
