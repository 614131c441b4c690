import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAccounts } from './support/accounts.ts'
import { clearClients, clientsOf, describeWithClients, folder, images, s3 } from './support/clients.ts'
import { type Job, type OidcIssuer, startOidcIssuer } from './support/oidc-issuer.ts'
import { type RegistryWithAccounts, startRegistryWithAccounts } from './support/registry.ts'

const TRUSTED = 'octo/app'

describeWithClients('a job whose token is of another issuer', () => {
  let issuer: OidcIssuer
  let running: RegistryWithAccounts
  let docker: ReturnType<typeof clientsOf>['docker']

  beforeAll(async () => {
    await clearClients()
    issuer = await startOidcIssuer()
    const env = { OIDC_ISSUERS: issuer.url }
    running = await startRegistryWithAccounts(join(folder, 'accounts-oidc'), s3, { env })
    docker = clientsOf('job').docker
    const accounts = createAccounts(running)
    await accounts.addOrganisation('crew')
    await accounts.addTrustRule('crew', {
      issuer: issuer.url,
      claims: { repository: TRUSTED, ref: 'refs/heads/main' },
      repositories: ['crew/app'],
      actions: ['pull', 'push'],
    })
  })
  afterAll(async () => {
    await running.daemon.stop('SIGINT')
    await issuer.stop()
    await clearClients()
  })

  async function login(job: Partial<Job>, { docker: own } = clientsOf('job')): Promise<string> {
    const password = await issuer.signJob({ repository: TRUSTED, audience: running.host, ...job })
    await own.login(running.host, { username: 'oidc', password })
    return password
  }

  async function push(repository: string): Promise<string> {
    const reference = `${running.host}/crew/${repository}:v1`
    await docker.load(images['app-v1'], reference)
    return docker.push(reference)
  }

  const REFUSED: readonly (readonly [what: string, job: Partial<Job>])[] = [
    ['of another repository', { repository: 'octo/other' }],
    ['for another registry', { audience: 'registry.example.com' }],
    ['that is over', { expires: '1m ago' }],
    ['that the issuer has not signed', { isForged: true }],
  ]

  test.for(REFUSED)('docker login fails with a token %s', async ([, job]) => {
    const stranger = clientsOf('another-job')
    await expect(login(job, stranger)).rejects.toThrow(/unauthorized: authentication required/)
  })

  test('docker login keeps something else than the token', async () => {
    const token = await login({})
    const { auths } = JSON.parse(readFileSync(docker.configFile, 'utf8')) as {
      auths: Record<string, { auth: string; identitytoken: string }>
    }
    expect(auths[running.host]?.auth).toBe(btoa('oidc:'))
    expect(auths[running.host]?.identitytoken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(auths[running.host]?.identitytoken).not.toBe(token)
  })

  test('docker pushes to the repository that trusts it, more than once, and pulls', async () => {
    const digest = await push('app')
    expect(await push('app')).toBe(digest)
    await docker.clear()
    const pulled = await docker.pull(`${running.host}/crew/app:v1`, images['app-v1'].paths)
    expect(pulled).toMatchObject({ digest, diffIds: images['app-v1'].diffIds, files: images['app-v1'].files })
  })

  test.for(['other', 'app-too'])('docker may not push to crew/%s', async (repository) => {
    await expect(push(repository)).rejects.toThrow(/denied: requested access to the resource is denied/)
  })
})
