import { afterAll, beforeAll, expect, test } from 'vitest'

import { checkStorage } from '../../src/maintenance/check-storage.ts'
import { createRandom, type Random } from '../concurrency/explorer/explore.ts'
import * as images from '../concurrency/support/images.ts'
import { A, B, CONFIG, INDEX_OF_A, LAYER } from '../concurrency/support/images.ts'
import { createLog, type Call } from '../concurrency/support/log.ts'
import { cancel, close, mount, patch, post } from '../concurrency/support/uploads.ts'
import type { Client } from '../concurrency/support/world.ts'
import { canBe, writesOfManifest, writesOfTag } from '../concurrency/support/writes.ts'
import { digestOf, locationOf, pullBlob, pushBlob } from '../suites/client.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { startTwoWorkers, type TwoWorkers } from './two-workers.ts'

/** `ROADSTEAD_SEED=17` draws other operations. Their order is the machine's. */
const SEED = Number(process.env['ROADSTEAD_SEED'] ?? 1)
const CLIENTS = 6
/** Of each client, if the machine is fast enough. */
const OPERATIONS = 60
const LONGEST_MS = 30_000

const MANIFESTS = [A, B, INDEX_OF_A]
const TAGS = ['v1', 'v2', 'v3']
/** Less than a part, and more. */
const TEXTS = ['a small blob', 'a larger one '.repeat(20_000), 'larger than a part '.repeat(300_000)] as const
const [SMALL, LARGER, LARGEST] = TEXTS

let workers: TwoWorkers
const log = createLog()

beforeAll(async () => {
  workers = await startTwoWorkers()
  for (const blob of [CONFIG, LAYER]) await pushBlob(workers.fast, 'app', blob)
})

afterAll(() => workers.stop())

/** Writes down what it asks for and is told. */
function clientOf(registry: RegistryUnderTest): Client {
  return {
    async send(call: Call, path, init) {
      const entry = log.begin(call, [])
      const response = await registry.fetch(path, init)
      const body = new Uint8Array(await response.arrayBuffer())
      log.end(entry, response)
      expect(response.status, `${call.kind}: ${new TextDecoder().decode(body.slice(0, 500))}`).toBeLessThan(500)
      if (call.kind.startsWith('pull') && response.status === 200) expect(digestOf(body)).toBe(entry.digest)
      return response
    },
  }
}

async function upload(client: Client, text: string, random: Random): Promise<void> {
  const started = await client.send({ kind: 'other' }, '/v2/app/blobs/uploads/', { method: 'POST' })
  if (started === null) return
  const [cut, again] = [1 + random.below(text.length - 1), random.chance(0.3)]
  const second = await patch(client, locationOf(started), text.slice(0, cut), { first: 0 })
  if (second === null) return
  const next = () => patch(client, second, text.slice(cut), { first: cut })
  // The same chunk twice at once: one may be told that it comes too late.
  const [third, other] = await Promise.all([next(), again ? next() : null])
  const last = third ?? other
  if (last === null || random.chance(0.1)) await cancel(client, last ?? second)
  else await Promise.all([close(client, last, text), again ? close(client, last, text) : 0])
}

/** Tags are moved through the Worker whose KV is asked. */
async function operate(random: Random): Promise<unknown> {
  const { fast, fresh } = workers
  const any = clientOf(random.pick([fast, fresh]))
  const one = clientOf(fast)
  const image = random.pick(MANIFESTS)
  const tag = random.pick(TAGS)
  const text = random.pick([SMALL, SMALL, SMALL, LARGER, LARGER, LARGEST])
  const operations: readonly (readonly [weight: number, act: () => Promise<unknown>])[] = [
    [5, () => images.push(one, image, tag)],
    [1, () => images.push(any, image)],
    [2, () => images.deleteTag(one, tag)],
    [1, () => images.deleteImage(one, image)],
    [4, () => images.pull(any, tag)],
    [1, () => images.pullDigest(any, image)],
    [1, () => post(any, random.pick(['app', 'other']), text)],
    [1, () => mount(any, 'other', text, random.pick(['app', null]))],
    [2, () => upload(any, text, random)],
  ]
  return random.pick(operations.flatMap(([weight, act]) => new Array<typeof act>(weight).fill(act)))()
}

test(`random operations of ${CLIENTS} clients at once on two Workers over one storage`, async () => {
  const until = Date.now() + LONGEST_MS
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    const random = createRandom(SEED * CLIENTS + index)
    for (let count = 0; count < OPERATIONS && Date.now() < until; count++) await operate(random)
  })
  await Promise.all(clients)
  console.log(`${log.entries.length} requests`)
  const done = log.entries.filter(({ status }) => status < 300).map(({ call }) => call.kind)
  expect(done).toEqual(expect.arrayContaining(['push', 'delete tag', 'pull tag', 'blob', 'chunk']))
})

test('storage has no breach', async () => {
  const breaches: string[] = []
  for await (const { severity, kind, key, detail } of checkStorage(workers.objects, { verify: true })) {
    // Those who push an image while others delete it, or what it names, may be left with this; see below.
    if (severity === 'leak' || kind === 'tag-without-manifest' || kind === 'manifest-without-child') continue
    breaches.push(`${kind}: ${key}: ${detail}`)
  }
  expect(breaches).toEqual([])
})

test.each(MANIFESTS)('manifest $digest is there if it was pushed after all deletions', async ({ digest }) => {
  const pulled = await workers.fresh.fetch(`/v2/app/manifests/${digest}`)
  const bytes = new Uint8Array(await pulled.arrayBuffer())
  const found = pulled.status === 200 ? digestOf(bytes) : null
  expect(canBe(found, writesOfManifest(digest, false, log.entries)), `seed ${SEED}`).toBe(true)
})

test.each(TAGS)('tag %s is what was pushed last, for both Workers', async (tag) => {
  const path = `/v2/app/manifests/${tag}`
  const [told, truth] = await Promise.all([workers.fast.fetch(path), workers.fresh.fetch(path)])
  const digest = truth.headers.get('Docker-Content-Digest')
  expect(told.headers.get('Docker-Content-Digest'), `seed ${SEED}`).toBe(digest)
  const writes = writesOfTag(tag, null, log.entries)
  const lacksManifest = digest === null && writes.some(({ value }) => value !== null && isGone(value))
  expect(lacksManifest || canBe(digest, writes), `seed ${SEED}`).toBe(true)
})

/** Whether the manifest may have been deleted after all its pushes. */
function isGone(digest: string): boolean {
  return canBe(null, writesOfManifest(digest, false, log.entries))
}

test('each blob whose upload was acknowledged can be pulled, and is what it should be', async () => {
  const acknowledged = new Set<string>()
  for (const { call, status } of log.entries)
    if (call.kind === 'blob' && status === 201) acknowledged.add(`${call.repository} ${call.digest}`)
  expect(acknowledged.size).toBeGreaterThan(TEXTS.length)
  for (const [repository = '', digest = ''] of [...acknowledged].map((blob) => blob.split(' ')))
    expect(digestOf(await pullBlob(workers.fresh, repository, digest))).toBe(digest)
})
