import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { examine } from '../../src/cli/roadstead/doctor/examine.ts'
import { textOf, type OutsideFinding } from '../../src/cli/roadstead/doctor/finding.ts'
import type { Network } from '../../src/cli/roadstead/doctor/send.ts'
import { startLocal, type Local } from '../../src/node/local.ts'
import { createAuthority, type Authority } from '../node/support/certificates.ts'
import { makeFolder } from './support/doctor-folder.ts'
import { startLyingFront, withHeaders, type Lie } from './support/lying-front.ts'

const NAME = 'registry.test'
const folder = makeFolder()
let authority: Authority
let local: Local
beforeAll(async () => {
  authority = createAuthority(folder.path)
  local = await startLocal({ data: join(folder.path, 'data') })
})
afterAll(async () => {
  await local.stop()
  folder.remove()
})

/** As somebody who trusts the test's authority, and finds every name on this machine. */
async function examineAt(
  registry: string,
  { login = null, ...network }: Partial<Network> & { readonly login?: { username: string; token: string } | null } = {},
): Promise<{ readonly bad: readonly string[]; readonly complete: boolean; readonly text: string }> {
  const findings: OutsideFinding[] = []
  const complete = await examine(
    {
      registry,
      login,
      network: {
        resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
        ca: [...rootCertificates, readFileSync(authority.file, 'utf8')],
        timeoutMs: 10_000,
        ...network,
      },
      signal: new AbortController().signal,
      repository: null,
      large: false,
      staleMs: 400,
    },
    (finding) => findings.push(finding),
  )
  const bad = findings.filter(({ verdict }) => verdict !== 'ok').map(({ verdict, name }) => `${verdict} ${name}`)
  return { bad, complete, text: findings.map(textOf).join('\n') }
}

function admin(of: Local) {
  return { username: 'admin', token: of.adminToken?.text ?? '' }
}

test('the local registry with a certificate: all is well', async () => {
  const tls = authority.issue('local', ['DNS:localhost'])
  const secure = await startLocal({ data: join(folder.path, 'secure'), tls })
  try {
    const { bad, text } = await examineAt(secure.url, { login: admin(secure) })
    expect(bad, text).toEqual([])
    expect(text).toContain('ok    tls: TLSv1.3\nok    tls-issuer: signed by Roadstead test authority\n')
    expect(text).toMatch(
      /tls-name: the certificate is for localhost\n.*tls-expiry: the certificate holds for 29 more days/,
    )
  } finally {
    await secure.stop()
  }
})

const honest: Lie = (_, pass) => pass()
/** What PUBLIC_ORIGIN does. */
const asPublished: Lie = async (_request, pass) => {
  const answer = await pass()
  const challenge = answer.headers['www-authenticate']
  return challenge === undefined
    ? answer
    : withHeaders(answer, { 'www-authenticate': challenge.replace('realm="http:', 'realm="https:') })
}

test('TLS before a registry that does not know of it: the realm', async () => {
  const tls = authority.issue('unknowing', [`DNS:${NAME}`])
  const { origin } = await startLyingFront(local, honest, { tls, name: NAME })
  const { bad, text } = await examineAt(origin, { login: admin(local) })
  expect(bad, text).toEqual(['fail realm'])
  expect(text).toContain(`      set PUBLIC_ORIGIN=${origin} in the registry, or let what is before it`)
})

test('a redirect of an https registry to plain http', async () => {
  const tls = authority.issue('mixed', [`DNS:${NAME}`])
  const lie: Lie = async (request, pass) => {
    const answer = await asPublished(request, pass)
    const path = answer.headers['location']?.split('/storage-of-the-front')[1]
    return path === undefined ? answer : withHeaders(answer, { location: `${local.storageUrl ?? ''}${path}` })
  }
  const { origin } = await startLyingFront(local, lie, { tls, name: NAME })
  const { bad, text } = await examineAt(origin, { login: admin(local) })
  expect(bad, text).toEqual(['fail redirect'])
  expect(text).toContain('set S3_ENDPOINT (or BLOB_REDIRECT_ORIGIN) to an https address')
})

test.each<[what: string, name: string, names: readonly string[], days: number, bad: readonly string[], todo: string]>([
  ['soon over', 'soon', [`DNS:${NAME}`], 10, ['warn tls-expiry', 'warn push'], 'renew it'],
  ['expired', 'expired', [`DNS:${NAME}`], -1, ['fail tls-expiry'], 'renew it: clients refuse the registry'],
  ['of another name', 'other', ['DNS:other.test'], 30, ['fail tls-name'], `get a certificate for ${NAME}`],
])('a certificate that is %s', async (_, name, names, days, found, todo) => {
  const tls = authority.issue(name, names, days)
  const { origin } = await startLyingFront(local, asPublished, { tls, name: NAME })
  const { bad, complete, text } = await examineAt(origin)
  expect(bad, text).toEqual(found)
  expect(text).toContain(`\n      ${todo}`)
  // A login is not sent there.
  expect(complete).toBe(!found.some((line) => line.startsWith('fail')))
})

test('a certificate that nobody knows the issuer of', async () => {
  const tls = authority.issue('stranger', [`DNS:${NAME}`])
  const { origin } = await startLyingFront(local, honest, { tls, name: NAME })
  const { bad, complete, text } = await examineAt(origin, { ca: null, login: admin(local) })
  expect({ bad, complete }, text).toEqual({ bad: ['fail tls-issuer'], complete: false })
  const { host } = new URL(origin)
  expect(text).toContain(`--ca FILE or NODE_EXTRA_CA_CERTS, and to docker as /etc/docker/certs.d/${host}/ca.crt`)
})

test('a name that does not resolve', async () => {
  const resolve = () => Promise.reject(new Error('getaddrinfo ENOTFOUND registry.test'))
  const { bad, complete, text } = await examineAt(`https://${NAME}`, { resolve })
  expect({ bad, complete }).toEqual({ bad: ['fail dns'], complete: false })
  expect(text).toContain('a custom domain of a Worker takes minutes to become active')
})

test('a name service that does not answer', async () => {
  const resolve = () => new Promise<never>(() => undefined)
  const { bad, text } = await examineAt(`https://${NAME}`, { resolve, timeoutMs: 200 })
  expect(bad).toEqual(['fail dns'])
  expect(text).toContain('has not answered within 0.2 s')
})

test('plain http of another machine', async () => {
  const { port } = await startLyingFront(local, honest, { name: NAME })
  const { bad, text } = await examineAt(`http://${NAME}:${port}`)
  expect(bad, text).toEqual(['warn tls', 'warn push'])
  expect(text).toContain(`"insecure-registries": ["${NAME}:${port}"]`)
})

test('plain http where TLS is expected, and nobody at all', async () => {
  const { port } = await startLyingFront(local, honest)
  for (const registry of [`https://${NAME}:${port}`, `https://${NAME}:1`]) {
    const { bad, complete } = await examineAt(registry)
    expect({ bad, complete }).toEqual({ bad: ['fail tls'], complete: false })
  }
})
