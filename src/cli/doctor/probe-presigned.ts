import { bytesOf, isRefusal, isSame, randomBody, type Bench, type Probe } from './bench.ts'
import { need, ok, type Seen } from './finding.ts'

/** Reading through URLs that carry their signature, as clients do after a redirect. */
export const PRESIGNED_PROBES: readonly Probe[] = [
  { name: 'presigned', run: probePresigned },
  { name: 'presigned-expiry', run: probeExpiry },
  { name: 'presigned-tampered', run: probeTampered },
  { name: 'ranges', run: probeRanges },
]

async function probePresigned({ store, key }: Bench): Promise<Seen> {
  const [name, bytes] = [key('object'), randomBody(100_000)]
  await store.put(name, bytes)
  const response = await fetch(await store.presignGet(name, new Date()))
  need(response.status === 200, `GET is answered ${response.status}`)
  need(isSame(await bytesOf(response), bytes), 'GET gives other bytes')
  need(response.headers.get('Content-Length') === '100000', 'GET says another Content-Length, or none')
  return ok('GET gives the bytes, with their length')
}

async function probeExpiry({ store, key }: Bench): Promise<Seen> {
  const name = key('object')
  await store.put(name, randomBody(10))
  const dayAgo = new Date(Date.now() - 24 * 3_600_000)
  const { status, body } = await fetch(await store.presignGet(name, dayAgo))
  await body?.cancel()
  need(
    isRefusal(status) || status === 400,
    `a URL that expired a day ago is answered ${status}: it would hold for ever`,
  )
  return ok(`an expired URL is refused (${status})`)
}

async function probeTampered({ store, key }: Bench): Promise<Seen> {
  const [mine, other] = [key('mine'), key('other')]
  for (const name of [mine, other]) await store.put(name, randomBody(10))
  const url = await store.presignGet(mine, new Date())
  const anothers = new URL(url.href.replace('/mine?', '/other?'))
  const longer = new URL(url)
  longer.searchParams.set('X-Amz-Expires', '600000')
  const attempts: [name: string, url: URL, method: string][] = [
    ['for another key', anothers, 'GET'],
    ['with another expiry', longer, 'GET'],
    ['used to write', url, 'PUT'],
  ]
  for (const [what, tampered, method] of attempts) {
    const response = await fetch(tampered, { method, ...(method === 'PUT' ? { body: 'x' } : {}) })
    await response.body?.cancel()
    need(isRefusal(response.status), `a URL ${what} is answered ${response.status}, not 403`)
  }
  return ok(`a URL ${attempts.map(([what]) => what).join(', ')} is refused`)
}

async function probeRanges({ store, key }: Bench): Promise<Seen> {
  const [name, bytes] = [key('object'), randomBody(1000)]
  await store.put(name, bytes)
  const url = await store.presignGet(name, new Date())
  const ranges: [range: string, first: number, end: number][] = [
    ['bytes=10-19', 10, 20],
    ['bytes=990-', 990, 1000],
    ['bytes=-5', 995, 1000],
    ['bytes=990-5000', 990, 1000],
  ]
  for (const [range, first, end] of ranges) {
    const response = await fetch(url, { headers: { Range: range } })
    const body = await bytesOf(response)
    need(response.status === 206, `Range: ${range} is answered ${response.status}, not 206`)
    const said = response.headers.get('Content-Range')
    need(said === `bytes ${first}-${end - 1}/1000`, `Range: ${range} is answered with Content-Range: ${said ?? 'none'}`)
    need(isSame(body, bytes.subarray(first, end)), `Range: ${range} gives other bytes`)
  }
  const beyond = await fetch(url, { headers: { Range: 'bytes=1000-1999' } })
  await beyond.body?.cancel()
  need(beyond.status === 416, `a range behind the end is answered ${beyond.status}, not 416`)
  return ok('206 with the bytes that were asked for, 416 behind the end')
}
