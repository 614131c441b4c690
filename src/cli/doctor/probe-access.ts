import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'

import { createS3Clients } from '../../storage/s3/s3-client.ts'
import { isRefusal, randomBody, statusOf, type Bench, type Probe } from './bench.ts'
import { need, ok, warn, type Seen } from './finding.ts'

const OTHER_SECRET = 'not-the-secret-of-this-key-0000000000000'
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const SKEW_WARN_SECONDS = 60
/** Signatures hold for a quarter of an hour before and after; some of it is for requests that take their time. */
const SKEW_FAIL_SECONDS = 10 * 60

/** Who may do what, and when it is. */
export const ACCESS_PROBES: readonly Probe[] = [
  { name: 'wrong-secret', run: probeWrongSecret },
  { name: 'anonymous', run: probeAnonymous },
  { name: 'clock', run: probeClock },
  { name: 'payload-hash', run: probePayloadHash },
]

async function probeWrongSecret({ settings, store, key }: Bench): Promise<Seen> {
  const [present, absent] = [key('present'), key('absent')]
  const bytes = randomBody(10)
  await store.put(present, bytes)
  const { streaming: stranger } = createS3Clients({ ...settings, secretAccessKey: OTHER_SECRET })
  const attempts = {
    GET: () => stranger.send(new GetObjectCommand({ Bucket: settings.bucket, Key: present })),
    HEAD: () => stranger.send(new HeadObjectCommand({ Bucket: settings.bucket, Key: present })),
    PUT: () => stranger.send(new PutObjectCommand({ Bucket: settings.bucket, Key: absent, Body: bytes })),
    'a listing': () => stranger.send(new ListObjectsV2Command({ Bucket: settings.bucket, MaxKeys: 1 })),
  }
  for (const [name, attempt] of Object.entries(attempts)) {
    const status = await statusOf(attempt())
    need(isRefusal(status), `${name} with a wrong secret is answered ${status}, not 403: signatures are not verified`)
  }
  need((await store.head(absent)) === null, 'a PUT with a wrong secret was refused, but stored')
  return ok(`${Object.keys(attempts).join(', ')} refused`)
}

async function probeAnonymous({ store, key }: Bench): Promise<Seen> {
  const [present, absent] = [key('present'), key('absent')]
  await store.put(present, randomBody(10))
  const bucketUrl = await bareUrl(store, '')
  const attempts: [name: string, url: URL, method: string][] = [
    ['GET', await bareUrl(store, present), 'GET'],
    ['HEAD', await bareUrl(store, present), 'HEAD'],
    ['PUT', await bareUrl(store, absent), 'PUT'],
    ['a listing', new URL(`${bucketUrl.href}?list-type=2&max-keys=1`), 'GET'],
  ]
  for (const [name, url, method] of attempts) {
    const { status, body } = await fetch(url, { method, ...(method === 'PUT' ? { body: 'x' } : {}) })
    await body?.cancel()
    const refused = isRefusal(status) || status === 400 // no signature at all is malformed to some
    need(refused, `${name} without a signature is answered ${status}, not 403: the bucket is open to everybody`)
  }
  need((await store.head(absent)) === null, 'a PUT without a signature was refused, but stored')
  return ok('GET, HEAD, PUT, a listing refused')
}

/** Where an object is, without a signature; for no key, the bucket. */
async function bareUrl(store: Bench['store'], key: string): Promise<URL> {
  const url = await store.presignGet(key === '' ? 'x' : key, new Date())
  url.search = ''
  if (key === '') url.pathname = url.pathname.replace(/x$/, '')
  return url
}

async function probeClock({ store, key }: Bench): Promise<Seen> {
  const before = Date.now()
  const response = await fetch(await store.presignGet(key('absent'), new Date()))
  await response.body?.cancel()
  const date = Date.parse(response.headers.get('Date') ?? '')
  if (Number.isNaN(date)) return warn('the storage does not say what time it has')
  const seconds = Math.round(Math.abs(date - (before + Date.now()) / 2) / 1000)
  const seen = `${seconds} s between this machine and the storage`
  need(seconds <= SKEW_FAIL_SECONDS, `${seen}: signatures hold for 15 minutes`)
  return seconds > SKEW_WARN_SECONDS ? warn(seen) : ok(seen)
}

async function probePayloadHash({ settings, store, key }: Bench): Promise<Seen> {
  const { streaming: client } = createS3Clients(settings)
  declareEmpty(client)
  const Key = key('object')
  const status = await statusOf(client.send(new PutObjectCommand({ Bucket: settings.bucket, Key, Body: 'x' })))
  const stored = await store.get(Key)
  if (status >= 400 && stored === null) return ok(`a body without the hash that was signed is refused (${status})`)
  return warn(`a body without the hash that was signed is answered ${status}; the registry signs none`)
}

/** The signature is of a body that has nothing in it. */
function declareEmpty(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = SHA256_OF_NOTHING
      return next(args)
    },
    { step: 'build', name: 'declareEmpty', priority: 'low' },
  )
}
