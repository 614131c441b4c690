import { afterAll, beforeAll, expect, test } from 'vitest'

import { bytesOf, digestOf, imageOf, pushBlob, putManifest } from '../suites/client.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { startTwoWorkers, type TwoWorkers } from './two-workers.ts'

let workers: TwoWorkers
let fast: RegistryUnderTest
let fresh: RegistryUnderTest

beforeAll(async () => {
  workers = await startTwoWorkers()
  ;({ fast, fresh } = workers)
})

afterAll(() => workers.stop())

async function digestOfTag(registry: RegistryUnderTest): Promise<string | null> {
  const response = await registry.fetch('/v2/raced/manifests/latest', { method: 'HEAD' })
  return response.headers.get('Docker-Content-Digest')
}

test('pushes of one tag at once: KV and storage agree afterwards', async () => {
  const [config, layer] = [bytesOf(10), bytesOf(20)]
  for (const blob of [config, layer]) await pushBlob(fast, 'raced', blob)
  for (let round = 0; round < 5; round++) {
    const images = Array.from({ length: 8 }, (_, i) =>
      imageOf(config, [layer], { annotations: { of: `${round} ${i}` } }),
    )
    const pushes = images.map((image) => putManifest(fast, 'raced', 'latest', image))
    for (const push of await Promise.all(pushes)) expect(push.status).toBe(201)
    const truth = await digestOfTag(fresh)
    expect(images.map(({ digest }) => digest)).toContain(truth)
    expect(await digestOfTag(fast)).toBe(truth)
  }
})

test('pushes and deletions of one tag at once: KV and storage agree afterwards', async () => {
  const [config, layer] = [bytesOf(10), bytesOf(20)]
  for (const blob of [config, layer]) await pushBlob(fast, 'raced', blob)
  for (let round = 0; round < 5; round++) {
    const image = imageOf(config, [layer], { annotations: { of: `deletion ${round}` } })
    await Promise.all([
      putManifest(fast, 'raced', 'latest', image),
      fast.fetch('/v2/raced/manifests/latest', { method: 'DELETE' }),
      putManifest(fast, 'raced', 'latest', image),
      fast.fetch('/v2/raced/manifests/latest', { method: 'DELETE' }),
    ])
    expect(await digestOfTag(fast)).toBe(await digestOfTag(fresh))
  }
})

test('one blob pushed by many at once, right and wrong: it is right, and whoever was right has it', async () => {
  const bytes = bytesOf(3_000_000)
  const wrong = new Uint8Array(bytes)
  wrong[2_999_999] = (wrong[2_999_999] ?? 0) ^ 1
  const digest = digestOf(bytes)
  const push = async (body: Uint8Array<ArrayBuffer>, index: number) => {
    const path = `/v2/many${index}/blobs/uploads/?digest=${digest}`
    return (await fast.fetch(path, { method: 'POST', body })).status
  }
  const statuses = await Promise.all([bytes, wrong, bytes, wrong, bytes, wrong].map(push))
  expect(statuses).toEqual([201, 400, 201, 400, 201, 400])
  for (const [index, status] of statuses.entries()) {
    const redirect = await fresh.fetch(`/v2/many${index}/blobs/${digest}`)
    expect(redirect.status).toBe(status === 201 ? 307 : 404)
    if (status !== 201) continue
    const pulled = await fresh.download(redirect.headers.get('Location') ?? '')
    expect(digestOf(new Uint8Array(await pulled.arrayBuffer()))).toBe(digest)
  }
})
