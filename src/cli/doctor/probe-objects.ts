import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'

import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import { inParallel, isSame, randomBody, type Bench, type Probe } from './bench.ts'
import { need, ok, type Seen } from './finding.ts'

const ROUNDS = 10
/** How long a storage may take to notice that a body has broken off. */
const SETTLE_MS = 1_500
const TORN_BYTES = 2 * 2 ** 20
const OVERWRITES = 12

/** One object: that it is what was written, whole and at once. */
export const OBJECT_PROBES: readonly Probe[] = [
  { name: 'attributes', run: probeAttributes },
  { name: 'keys', run: probeKeys },
  { name: 'read-after-write', run: probeReadAfterWrite },
  { name: 'read-after-delete', run: probeReadAfterDelete },
  { name: 'overwrite', run: probeOverwrite },
  { name: 'short-body', run: probeShortBody },
  { name: 'concurrency', run: probeConcurrency },
]

async function probeAttributes({ store, key }: Bench): Promise<Seen> {
  const contentType = 'application/vnd.oci.image.manifest.v1+json'
  for (const bytes of [randomBody(100), new Uint8Array(0)]) {
    const name = key(`object-of-${bytes.length}`)
    await store.put(name, bytes, { contentType, metadata: { size: '42' } })
    const what = bytes.length === 0 ? 'of an empty object' : 'of an object'
    const found = await store.head(name)
    need(found?.size === bytes.length, `the size ${what} is ${found?.size ?? 'none'}, not ${bytes.length}`)
    need(found.contentType === contentType, `the Content-Type ${what} has become "${found.contentType}"`)
    const { size: kept = 'nothing' } = found.metadata
    need(kept === '42', `the metadata ${what} have become ${kept}`)
  }
  return ok('Content-Type and metadata come back, of an empty object too')
}

/** All that the registry's keys have in them, and what an endpoint may decode once too often. */
const NAMES = ['a!', 'a/@', 'a/@sha256-0f', 'a+b', 'a:b', 'a b', 'a%2fb', 'a=b&c', 'A_b.c-d', 'a/b/c']

async function probeKeys({ store, folder, key }: Bench): Promise<Seen> {
  for (const name of NAMES) {
    const bytes = randomBody(20)
    await store.put(key(name), bytes)
    need(isSame((await store.get(folder + name))?.bytes, bytes), `the key "${name}" is not found again`)
    const url = await store.presignGet(folder + name, new Date())
    const response = await fetch(url)
    const read = new Uint8Array(await response.arrayBuffer())
    need(isSame(read, bytes), `a presigned URL of the key "${name}" is answered ${response.status}`)
    const copied = await store.copy(folder + name, key(`copies/${name}`), bytes.length)
    need(copied, `the key "${name}" is not found as the source of a copy`)
  }
  const listed = (await store.list(folder, { limit: 100 })).objects.map(({ key: found }) => found.slice(folder.length))
  for (const name of [...NAMES, ...NAMES.map((of) => `copies/${of}`)])
    need(listed.includes(name), `the key "${name}" is not listed as it was written`)
  return ok(`${NAMES.map((name) => `"${name}"`).join(' ')} are themselves everywhere`)
}

async function probeReadAfterWrite({ store, key }: Bench): Promise<Seen> {
  for (let round = 1; round <= ROUNDS; round++) {
    const name = key(`object-${round}`)
    need((await store.head(name)) === null, 'an object is there that was never written')
    for (const what of ['a write', 'an overwrite']) {
      const bytes = randomBody(100 + round)
      await store.put(name, bytes)
      need((await store.head(name))?.size === bytes.length, `HEAD right after ${what} does not show it`)
      need(isSame((await store.get(name))?.bytes, bytes), `GET right after ${what} does not show it`)
    }
  }
  return ok(`${ROUNDS} writes and overwrites are seen at once, also where nothing was found before`)
}

async function probeReadAfterDelete({ store, folder, key }: Bench): Promise<Seen> {
  for (let round = 1; round <= ROUNDS; round++) {
    const name = key(`object-${round}`)
    await store.put(name, randomBody(10))
    await store.head(name)
    await store.delete(name)
    need((await store.head(name)) === null, 'HEAD right after a DELETE still finds the object')
    need((await store.get(name)) === null, 'GET right after a DELETE still finds the object')
    const { objects } = await store.list(folder, { limit: 100 })
    need(objects.length === 0, 'a listing right after a DELETE still has the object')
    await store.delete(name)
  }
  return ok(`${ROUNDS} deletions are seen at once; deleting what is not there is no error`)
}

/** Two bodies take turns at one key, while others read: each of them must get one or the other. */
async function probeOverwrite({ store, key }: Bench): Promise<Seen> {
  const name = key('object')
  const bodies = [new Uint8Array(500_000).fill(1), new Uint8Array(400_000).fill(2)] as const
  await store.put(name, bodies[0])
  let [writing, reads] = [true, 0]
  const write = async () => {
    try {
      for (let turn = 1; turn <= OVERWRITES; turn++) await store.put(name, bodies[turn % 2 === 0 ? 0 : 1])
    } finally {
      writing = false
    }
  }
  const read = async () => {
    while (writing) {
      const found = await store.get(name)
      need(found !== null, 'an object is away while it is overwritten')
      const whole = bodies.some((body) => isSame(found.bytes, body))
      need(whole, 'a reader gets a mixture, or a part, of an object that is being overwritten')
      reads++
    }
  }
  await inParallel([write, read, read, read], (act) => act())
  return ok(`${reads} reads during ${OVERWRITES} overwrites, none of them torn`)
}

async function probeShortBody(bench: Bench): Promise<Seen> {
  const { store, key } = bench
  const [fresh, old] = [key('new'), key('old')]
  const before = randomBody(10)
  await store.put(old, before)
  for (const name of [fresh, old]) await sendHalf(bench, name)
  await delay(SETTLE_MS)
  const found = await store.head(fresh)
  need(found === null, `a body of ${TORN_BYTES} bytes that broke off is stored with ${found?.size ?? 0} bytes`)
  need(isSame((await store.get(old))?.bytes, before), 'a body that broke off has replaced the object before it')
  return ok('a body that breaks off is not stored, and leaves what was there')
}

/** Announces `TORN_BYTES`, sends half of them, and is gone. */
async function sendHalf({ settings, client }: Bench, Key: string): Promise<void> {
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: settings.bucket, Key }), { expiresIn: 300 })
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  await new Promise<void>((resolve) => {
    const half = send(url, { method: 'PUT', headers: { 'Content-Length': TORN_BYTES }, agent: false })
    half.once('close', resolve)
    half.once('error', () => undefined)
    half.once('response', () => half.destroy())
    half.write(randomBody(TORN_BYTES / 2), () => void delay(100).then(() => half.destroy()))
  })
}

const PARALLEL = 200

async function probeConcurrency({ store, key }: Bench): Promise<Seen> {
  const start = Date.now()
  const names = Array.from({ length: PARALLEL }, (_, i) => `object-${i}`)
  await inParallel(names, async (name) => {
    const bytes = randomBody(4096)
    await store.put(key(name), bytes)
    need(isSame((await store.get(key(name)))?.bytes, bytes), 'an object read among many others has other bytes')
  })
  const seconds = (Date.now() - start) / 1000
  return ok(`${PARALLEL} objects of 4 KiB written and read, 32 at a time, in ${seconds.toFixed(1)} s`)
}
