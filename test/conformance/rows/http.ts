import { bytesOf, textOf } from '../bytes.ts'
import { blobPath, expectBlob, locationOf, pushSmallBlob, uploadsPath } from '../blob-actions.ts'
import { Declined, equal, errorCodes, expectRefusal, expectStatus, headerOf, holds, line } from '../check.ts'
import { challengeParameters } from '../credentials.ts'
import type { Client } from '../client.ts'
import { IMAGE, unknownDigest } from '../content.ts'
import type { Answer } from '../http.ts'
import {
  ALL_MANIFESTS,
  expectManifestBytes,
  getManifest,
  manifestPath,
  pushImage,
  putManifest,
} from '../manifest-actions.ts'
import { may, must, should, type Row } from '../row.ts'
import { listPath } from './tags.ts'

const MAX_WARNING_BYTES = 4096

/** The codes of the spec's own table, and the two that it calls legacy. */
const TABLE =
  /^(BLOB_UNKNOWN|BLOB_UPLOAD_(INVALID|UNKNOWN)|DIGEST_INVALID|MANIFEST_(BLOB_UNKNOWN|INVALID|UNKNOWN|UNVERIFIED)|NAME_(INVALID|UNKNOWN)|SIZE_INVALID|UNAUTHORIZED|DENIED|UNSUPPORTED|TOOMANYREQUESTS|TAG_INVALID)$/

export const HTTP_ROWS: readonly Row[] = [
  must(
    'error-1',
    '1.0',
    'Error Codes',
    'a refusal in JSON has the form of the spec, and codes of its table',
    async (client) => {
      for (const answer of await refusals(client)) {
        const codes = errorCodes(answer)
        const strange = codes.filter((code) => !TABLE.test(code))
        equal(strange, [], `${line(answer)}, codes that are not in the table`)
      }
    },
  ),

  should('error-2', '1.0', 'Error Codes', 'an error has a message for people', async (client) => {
    for (const answer of await refusals(client)) {
      const { errors } = JSON.parse(textOf(answer.bytes)) as { errors: readonly { message?: unknown }[] }
      for (const { message } of errors) holds(typeof message === 'string' && message !== '', message, 'a message')
    }
  }),

  should(
    'error-3',
    'main',
    'API',
    'a method that an endpoint does not have is 405, and Allow names those it has',
    async (client) => {
      const repository = client.repository()
      await pushImage(client, repository, 'v1')
      for (const [method, path] of [
        ['DELETE', listPath(repository)],
        ['POST', manifestPath(repository, 'v1')],
        ['PUT', uploadsPath(repository)],
      ] as const) {
        const answer = expectStatus(await client.send(method, path), 405)
        expectRefusal(answer, [405], ['UNSUPPORTED'])
        const allowed = headerOf(answer, 'Allow').split(/\s*,\s*/)
        holds(!allowed.includes(method) && allowed.every((name) => /^[A-Z]+$/.test(name)), allowed, 'the other methods')
      }
    },
  ),

  should('error-4', 'main', 'API', 'a path that is no endpoint is 404', async (client) => {
    const repository = client.repository()
    await pushImage(client, repository, 'v1')
    for (const path of [`/v2/${repository}/nothing`, `/v2/${repository}/tags`, `/v2/${repository}/manifests`])
      expectRefusal(await client.send('GET', path), [404], ['UNSUPPORTED', 'NAME_UNKNOWN', 'NAME_INVALID'])
  }),

  must(
    'warning-1',
    '1.1',
    'Warnings',
    'a Warning is 299 without agent and date, and 4096 bytes are the most',
    async (client) => {
      const repository = client.repository()
      const image = await pushImage(client, repository, 'v1')
      const answers = [await getManifest(client, repository, 'v1'), await putManifest(client, repository, 'v1', image)]
      const warnings = answers.map((answer) => expectStatus(answer, 200, 201).values('Warning'))
      if (warnings.flat().length === 0) throw new Declined('the registry sends no warnings')
      for (const values of warnings) {
        holds(bytesOf(values.join('')).length <= MAX_WARNING_BYTES, values, `${MAX_WARNING_BYTES} bytes at most`)
        for (const value of values) holds(/^299 - "(?:[^"\\]|\\.)*"$/.test(value), value, '299 - "text"')
      }
    },
  ),

  may('etag-1', '1.1', 'Referrers Tag Schema', 'a client that has the manifest already is told so', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    const first = await getManifest(client, repository, 'v1')
    expectManifestBytes(first, image)
    if (first.values('ETag').length === 0) throw new Declined('the registry sends no ETag')
    const ask = (tag: string) =>
      client.send('GET', manifestPath(repository, 'v1'), { headers: { Accept: ALL_MANIFESTS, 'If-None-Match': tag } })
    const same = expectStatus(await ask(headerOf(first, 'ETag')), 304)
    equal(same.bytes.length, 0, 'bytes of the body')
    expectManifestBytes(await ask('"something-else"'), image)
  }),

  may('redirect-1', 'main', 'API', 'where a pull is redirected to needs no login of the registry', async (client) => {
    const repository = client.repository()
    const { digest, bytes } = await pushSmallBlob(client, repository)
    await expectBlob(client, blobPath(repository, digest), bytes)
    const answer = await client.send('GET', blobPath(repository, digest), { follow: false })
    if (answer.status === 200) throw new Declined('pulls are not redirected')
    expectStatus(answer, 301, 302, 303, 307, 308)
    const target = locationOf(answer)
    const pulled = await client.send('GET', target, { anonymous: true, follow: false })
    equal(expectStatus(pulled, 200).bytes, bytes, 'bytes')
  }),

  should('proxy-1', 'main', 'Registry Proxying', 'ns= is ignored, or given back as OCI-Namespace', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    const answer = await client.send('GET', `${manifestPath(repository, 'v1')}?ns=registry.example`, {
      headers: { Accept: IMAGE },
    })
    const named = answer.values('OCI-Namespace')
    if (named.length === 0) expectManifestBytes(answer, image)
    else equal(named, ['registry.example'], 'OCI-Namespace')
  }),

  should(
    'login-1',
    'docker',
    'Docker: Token Authentication',
    'nobody is answered 401, with one challenge that can be read',
    async (client) => {
      const answer = await unlessOpen(client)
      expectRefusal(answer, [401], ['UNAUTHORIZED'])
      const challenge = headerOf(answer, 'WWW-Authenticate')
      holds(/^(basic|bearer) /i.test(challenge), challenge, 'Basic or Bearer')
      const { realm, service } = challengeParameters(challenge)
      holds(realm !== undefined && realm !== '', challenge, 'a realm')
      if (/^bearer/i.test(challenge))
        holds(URL.canParse(realm ?? '') && service !== undefined, challenge, 'a URL, a service')
    },
  ),

  should('login-2', 'docker', 'Docker: Token Authentication', 'a login that is none is 401', async (client) => {
    await unlessOpen(client)
    for (const login of [`Basic ${btoa('nobody:nothing')}`, 'Bearer nothing']) {
      const answer = await client.send('GET', '/v2/', { anonymous: true, headers: { Authorization: login } })
      expectRefusal(answer, [401], ['UNAUTHORIZED'])
    }
  }),
]

/** A refusal of each endpoint that is asked without harm. */
async function refusals(client: Client): Promise<readonly Answer[]> {
  const repository = client.repository()
  await pushImage(client, repository, 'v1')
  return [
    expectStatus(await client.send('GET', blobPath(repository, unknownDigest())), 404),
    expectStatus(await getManifest(client, repository, unknownDigest()), 404),
    expectStatus(await getManifest(client, repository, 'v2'), 404),
    expectStatus(await client.send('GET', listPath(client.repository())), 404),
    expectStatus(await putManifest(client, repository, 'v2', { bytes: bytesOf('{'), mediaType: IMAGE }), 400),
    expectStatus(await client.send('GET', `/v2/${repository}/blobs/uploads/none`), 400, 404),
  ]
}

/** The refusal of a caller without a login. Skips the row where there is none. */
async function unlessOpen(client: Client): Promise<Answer> {
  const answer = await client.send('GET', '/v2/', { anonymous: true })
  if (answer.status === 200) throw new Declined('the registry asks for no login')
  return answer
}
