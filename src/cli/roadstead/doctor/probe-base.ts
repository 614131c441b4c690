import { isThisMachine } from '../registry-address.ts'
import { Broken, need, ok, warn } from './finding.ts'
import { type Answer, jsonOfAnswer, textOfAnswer } from './send.ts'
import { placeOf, type Visit } from './visit.ts'

/** How clients get in: not at all, or by a token that they fetch. */
export type Access = { readonly kind: 'open' } | { readonly kind: 'token'; readonly token: URL }

export const SET_PUBLIC_ORIGIN = (registry: URL) =>
  `set PUBLIC_ORIGIN=${registry.origin} in the registry, or let what is before it pass on the Host and the scheme that clients use`

/** Whether it is a registry, and how clients are told to log in; `null` when there is nothing more to ask. */
export async function probeBase(visit: Visit): Promise<Access | null> {
  const { registry, send, find } = visit
  const base = await find('registry', async () => {
    const answer = await send(new URL('/v2/', registry))
    const { status, headers } = answer
    if (status >= 300 && status < 400) {
      const target = URL.parse(headers.get('Location') ?? '', registry.href)
      const where = target === null ? 'nowhere' : placeOf(target)
      throw new Broken(`GET /v2/ is redirected to ${where}`, 'use that address; clients do not log in across redirects')
    }
    need(
      status === 200 || status === 401,
      `GET /v2/ is answered ${status}`,
      status >= 500
        ? 'the registry fails: see its log (wrangler tail), and run "npm run doctor" on its storage'
        : 'see that this is the address of a registry, and that what is before it lets /v2/ through',
    )
    const seen = `GET /v2/ is answered ${status}, ${status === 401 ? 'which asks for a token' : 'without a login'}`
    return [ok(seen), answer]
  })
  if (base === null) return null
  const access = await probeChallenge(visit, base)
  await probeHeaders(visit, base)
  return access
}

async function probeChallenge({ registry, check, find }: Visit, { status, headers }: Answer): Promise<Access | null> {
  if (status === 200) return { kind: 'open' }
  const named = await find('challenge', () => {
    const challenge = headers.get('WWW-Authenticate') ?? ''
    const parameters = Object.fromEntries(
      [...challenge.matchAll(/([a-z]+)="([^"]*)"/gi)].map(([, name = '', value = '']) => [name.toLowerCase(), value]),
    )
    const realm = URL.parse(parameters['realm'] ?? '')
    const service = parameters['service'] ?? ''
    need(
      /^Bearer /i.test(challenge) && realm !== null && service !== '',
      '401 without WWW-Authenticate: Bearer realm="…",service="…"',
      'see that what is before the registry passes this header on, and asks for no login of its own (Cloudflare Access)',
    )
    return [ok(`clients are sent to ${placeOf(realm)} for a token`), { realm, service }]
  })
  if (named === null) return null
  const { realm, service } = named
  await check('realm', () => {
    need(
      realm.origin === registry.origin,
      `clients are sent to ${realm.origin} for a token, not to ${registry.origin}`,
      SET_PUBLIC_ORIGIN(registry),
    )
    return ok('the token comes from the same origin')
  })
  // A login is never sent anywhere else.
  const token = new URL(realm.pathname + realm.search, registry)
  token.searchParams.set('service', service)
  return { kind: 'token', token }
}

async function probeHeaders({ check }: Visit, { headers }: Answer): Promise<void> {
  const todo = 'see which proxy takes it out; docker and our logs know the registry by it'
  const version = headers.get('Docker-Distribution-Api-Version')
  await check('api-version', () =>
    version === 'registry/2.0'
      ? ok(version)
      : warn(`Docker-Distribution-Api-Version is ${version === null ? 'not there' : version.slice(0, 50)}`, todo),
  )
  const id = headers.get('X-Request-Id')
  await check('request-id', () =>
    id === null ? warn('X-Request-Id is not there', todo) : ok('each answer has an X-Request-Id, as the log has'),
  )
}

export async function probeHealth({ registry, send, check }: Visit): Promise<void> {
  const absent = (path: string) =>
    warn(`${path} is not there: other software, or an older release`, 'update Roadstead, or let what is before it pass')
  const get = async (path: string) => {
    const answer = await send(new URL(path, registry))
    const json = jsonOfAnswer(answer)
    const fields = typeof json === 'object' && json !== null ? Object.entries(json) : []
    return { status: answer.status, fields, text: textOfAnswer(answer) }
  }
  await check('healthz', async () => {
    const { status, fields } = await get('/healthz')
    if (status === 404) return absent('/healthz')
    const { status: state, version } = Object.fromEntries(fields) as Record<string, unknown>
    need(status === 200 && state === 'ok', `/healthz is answered ${status}`, 'see the log of the registry')
    return ok(`release ${typeof version === 'string' ? version.slice(0, 50) : 'unknown'}`)
  })
  await check('readyz', async () => {
    const { status, fields } = await get('/readyz')
    if (status === 404) return absent('/readyz')
    const parts = fields.flatMap(([name, state]) =>
      name !== 'status' && typeof state === 'string' ? [`${name} ${state}`] : [],
    )
    const seen = parts.join(', ').slice(0, 300) || `nothing in words`
    need(
      status === 200,
      `/readyz is answered ${status}: ${seen}`,
      seen.includes('newer schema')
        ? 'deploy the release that has written to this storage, or a newer one: docs/upgrading.md'
        : 'storage: run "npm run doctor" with the S3 settings of the registry; tags: see the KV binding TAGS',
    )
    return ok(seen)
  })
}

const SKEW_WARN_SECONDS = 60
const SKEW_FAIL_SECONDS = 5 * 60

export async function probeClock({ registry, send, check }: Visit): Promise<void> {
  await check('clock', async () => {
    const { headers, askedAt, answeredAt } = await send(new URL('/v2/', registry))
    const theirs = Date.parse(headers.get('Date') ?? '')
    if (Number.isNaN(theirs) && isThisMachine(registry.hostname)) return ok('it is the clock of this machine')
    if (Number.isNaN(theirs)) return warn('there is no Date in the answer', 'let what is before the registry send one')
    // Date is cut to the second.
    const seconds = Math.round((theirs + 500 - (askedAt + answeredAt) / 2) / 1000)
    const seen = `the registry's clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} this machine's`
    const todo = 'set the clocks by NTP, this one first: tokens and presigned URLs hold by the clock'
    need(Math.abs(seconds) <= SKEW_FAIL_SECONDS, seen, todo)
    return Math.abs(seconds) > SKEW_WARN_SECONDS
      ? warn(seen, todo)
      : ok(`within ${Math.abs(seconds) + 1} s of this one`)
  })
}
