import { Broken, fail, need, ok, warn, type Outcome } from './finding.ts'
import { digestOf } from './image.ts'
import { NoAnswer, type Answer } from './send.ts'
import { SEE_LOG, statusOf, type Trial } from './trial.ts'
import { placeOf, type Visit } from './visit.ts'

const MAX_HOPS = 5
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Where the bytes of the layer come from, as clients find it. @returns `null` when they come from nowhere */
export async function probeRedirect(trial: Trial): Promise<URL | null> {
  const { visit, ask, repository, image } = trial
  const path = `/v2/${repository}/blobs/${image.layer.digest}`
  const found = await visit.find('redirect', async () => {
    const answer = await ask(path)
    if (answer.status === 200) return [ok('the registry sends the bytes itself'), answer.url]
    need(REDIRECTS.includes(answer.status), `GET of a blob is answered ${statusOf(answer)}`, SEE_LOG)
    const location = URL.parse(answer.headers.get('Location') ?? '', answer.url.href)
    need(location !== null, `GET of a blob is answered ${answer.status} without a Location`, SEE_LOG)
    hideSignature(visit, location)
    return [describeTarget(visit, location, answer.status), location]
  })
  if (found === null) return null
  const reached = await visit.check('storage', async () => {
    const { answer, hops } = await follow(trial, found).catch((error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error
      visit.signal.throwIfAborted()
      throw new Broken(`the storage: ${error.message}`, UNREACHABLE)
    })
    need(answer.status === 200, `${placeOf(answer.url)} answers ${answer.status}`, whyRefused(answer.status))
    need(
      digestOf(answer.bytes) === image.layer.digest,
      `${placeOf(answer.url)} serves other bytes (${answer.bytes.length} instead of ${image.layer.bytes.length})`,
      'nothing must change layers on their way: turn off what rewrites or compresses answers before the storage',
    )
    const way = hops.length === 0 ? '' : `, by way of ${hops.map(({ host }) => host).join(', ')}`
    return ok(`${answer.url.host} serves the right bytes, without a login${way}`)
  })
  if (!reached) return null
  await probeRanges(trial, found)
  return found
}

function describeTarget({ registry }: Visit, location: URL, status: number): Outcome {
  const seen = `${status} to ${placeOf(location)}${validityOf(location)}`
  if (registry.protocol !== 'https:' || location.protocol === 'https:') return ok(seen)
  return fail(
    `${seen}: plain http, which clients of an https registry may refuse, and anybody can read`,
    'set S3_ENDPOINT (or BLOB_REDIRECT_ORIGIN) to an https address that clients reach',
  )
}

/** For how long what is signed holds. */
function validityOf({ searchParams }: URL): string {
  const seconds = Number(searchParams.get('X-Amz-Expires') ?? NaN)
  if (!Number.isInteger(seconds)) return ''
  const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(searchParams.get('X-Amz-Date') ?? '') ?? []
  const iso = `${date ?? ''}T${time ?? ''}Z`.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const left = Math.round((Date.parse(iso) + seconds * 1000 - Date.now()) / 1000)
  return `, signed for ${seconds} s${Number.isNaN(left) ? '' : `, ${left} s left`}`
}

function hideSignature({ hide }: Visit, { searchParams }: URL): void {
  for (const [name, value] of searchParams) if (/signature|credential|token/i.test(name)) hide(value)
}

const UNREACHABLE =
  'clients must reach the storage at this address, with a certificate that they trust: set S3_ENDPOINT or BLOB_REDIRECT_ORIGIN to one that they do'

function whyRefused(status: number): string {
  if (status === 403)
    return 'the storage refuses the signature: compare the clocks, and see that its host is the one that was signed (BLOB_REDIRECT_ORIGIN puts it back)'
  return UNREACHABLE
}

interface Followed {
  readonly answer: Answer & { readonly bytes: Uint8Array }
  readonly hops: readonly URL[]
}

/** Follows redirects one by one. The storage gets no login, the registry itself does. */
async function follow(
  { visit, ask }: Trial,
  from: URL,
  headers: Readonly<Record<string, string>> = {},
): Promise<Followed> {
  const hops: URL[] = []
  for (let at = from; ;) {
    const isRegistry = at.origin === visit.registry.origin && at.pathname.startsWith('/v2/')
    const answer = await (isRegistry ? ask(at, { headers }) : visit.send(at, { headers }))
    const next = REDIRECTS.includes(answer.status) ? URL.parse(answer.headers.get('Location') ?? '', at.href) : null
    if (next === null) return { answer: { ...answer, bytes: answer.body }, hops }
    need(hops.length < MAX_HOPS, `the storage redirects on and on, last to ${placeOf(next)}`, UNREACHABLE)
    hops.push(at)
    hideSignature(visit, next)
    at = next
  }
}

/** Pulls that were broken off go on with these. */
async function probeRanges(trial: Trial, target: URL): Promise<void> {
  const { bytes } = trial.image.layer
  const middle = Math.floor(bytes.length / 2)
  const ranges = [
    ['range', 'bytes=0-3', 0, 4],
    ['resume', `bytes=${middle}-`, middle, bytes.length],
  ] as const
  for (const [name, range, first, end] of ranges) {
    await trial.visit.check(name, async () => {
      const { answer } = await follow(trial, target, { Range: range })
      const todo = 'pulls that break off begin again, or fail: let what is before the storage pass Range on'
      need(answer.status === 206, `Range: ${range} is answered ${answer.status}, not 206`, todo)
      const said = answer.headers.get('Content-Range')
      const wanted = `bytes ${first}-${end - 1}/${bytes.length}`
      need(said === wanted, `Range: ${range} is answered with Content-Range: ${said ?? 'none'}, not ${wanted}`, todo)
      need(digestOf(answer.bytes) === digestOf(bytes.subarray(first, end)), `Range: ${range} gives other bytes`, todo)
      return ok(`${range} is answered 206 with the right bytes`)
    })
  }
}

const ORIGIN = 'https://example.com'

/** Only browsers ask for it. */
export async function probeCors({ visit }: Trial, target: URL | null): Promise<void> {
  const { registry, send, check } = visit
  await check('cors', async () => {
    const places: [name: string, url: URL][] = [['the registry', new URL('/v2/', registry)]]
    if (target !== null && target.origin !== registry.origin) places.push(['the storage', target])
    const said: string[] = []
    for (const [name, url] of places) {
      const { headers } = await send(url, { headers: { Origin: ORIGIN } })
      said.push(`${name}: ${headers.get('Access-Control-Allow-Origin') ?? 'none'}`)
    }
    return ok(
      `pages of other origins may read: ${said.join(', ')} (docker needs none; for browsers: cors_origins of the module in infra/)`,
    )
  })
}

/** A cache in between that keeps what is for some alone gives it to all. */
export async function probeStrangers({ visit, repository, image, closed }: Trial): Promise<void> {
  if (!closed) return
  await visit.check('strangers', async () => {
    const { status } = await visit.send(new URL(`/v2/${repository}/manifests/${image.manifest.digest}`, visit.registry))
    if (status === 401 || status === 403) return ok('without a token, the manifest that was just pulled is refused')
    if (status !== 200)
      return warn(`without a token, a manifest is answered ${status}, not 401`, 'see what is before the registry')
    need(
      false,
      'without a token, the manifest that was just pulled is given away',
      'a cache before the registry keeps answers: take out its rule for /v2/ ("Cache Everything"), and purge it',
    )
  })
}
