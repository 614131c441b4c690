import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { checkStorage } from '../../src/maintenance/check-storage.ts'
import { bundleWorker } from '../../src/node/build.ts'
import { startStore, type Store } from '../../src/node/store.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { startFaultProxy, type FaultProxy } from '../faults/wire/fault-proxy.ts'
import { startKillableRegistry, type KillableRegistry } from '../faults/wire/killable-registry.ts'
import {
  bytesOf,
  closing,
  digestOf,
  imageOf,
  locationOf,
  pullBlob,
  pushBlob,
  startUpload,
  type TestManifest,
} from '../suites/client.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'

const CASES_TIMEOUT_MS = 600_000

const [CONFIG, LAYER, BLOB] = [bytesOf(30), bytesOf(40), bytesOf(100_000)]
const [OLD, NEW] = [imageOf(CONFIG, [LAYER]), imageOf(CONFIG, [LAYER], { annotations: { is: 'new' } })]

type Step = (registry: RegistryUnderTest, repository: string) => Promise<unknown>

interface KillScenario {
  readonly name: string
  readonly act: Step
  /** Looks for what the action has promised. */
  readonly promised: Step
}

const SCENARIOS: readonly KillScenario[] = [
  {
    name: 'POST with the blob',
    act: (registry, repository) => {
      const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(ownBlob(repository))}`
      return send(registry, path, { method: 'POST', body: ownBlob(repository) })
    },
    promised: pullOwnBlob,
  },
  {
    name: 'POST, PATCH, PUT',
    async act(registry, repository) {
      const bytes = ownBlob(repository)
      const location = await startUpload(registry, repository)
      const patched = await send(registry, location, { method: 'PATCH', body: bytes })
      await send(registry, closing(locationOf(patched), digestOf(bytes)), { method: 'PUT' })
    },
    promised: pullOwnBlob,
  },
  {
    name: 'manifest PUT, a tag that moves',
    act: (registry, repository) => pushImage(registry, repository, NEW),
    async promised(registry, repository) {
      const response = await registry.fetch(`/v2/${repository}/manifests/latest`)
      expect(response.headers.get('Docker-Content-Digest')).toBe(NEW.digest)
      expect(await response.text()).toBe(NEW.text)
    },
  },
  {
    name: 'manifest DELETE, with its tag',
    async act(registry, repository) {
      const response = await registry.fetch(`/v2/${repository}/manifests/${OLD.digest}`, { method: 'DELETE' })
      expect([202, 404]).toContain(response.status)
    },
    async promised(registry, repository) {
      for (const reference of [OLD.digest, 'latest']) {
        const response = await registry.fetch(`/v2/${repository}/manifests/${reference}`)
        expect(response.status).toBe(404)
      }
    },
  },
]

// Which process is the workerd is known on Linux alone.
describe.skipIf(!existsSync('/proc/self/task'))('workerd killed at every request to the storage', () => {
  let data: string
  let store: Store
  let proxy: FaultProxy
  let script: string
  let registry: KillableRegistry
  let calls = 0
  let killAt = Infinity
  let cases = 0

  async function open(): Promise<KillableRegistry> {
    const endpoint = new URL(store.s3.endpoint)
    endpoint.port = String(proxy.port)
    return startKillableRegistry(script, join(data, 'worker'), { ...store.s3, endpoint: endpoint.href })
  }

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'roadstead-'))
    store = await startStore(data)
    script = await bundleWorker()
    proxy = await startFaultProxy(Number(new URL(store.s3.endpoint).port), null, async () => {
      if (++calls < killAt) return
      registry.kill()
      await new Promise(() => undefined) // nothing is passed on
    })
    registry = await open()
    await prepare('bystander')
  })
  afterAll(async () => {
    console.log(`fault sweep, workerd killed: ${SCENARIOS.length} scenarios, ${cases} cases`)
    await registry.stop()
    await proxy.stop()
    await store.stop()
    await rm(data, { recursive: true })
  })

  async function prepare(repository: string): Promise<void> {
    for (const blob of [CONFIG, LAYER]) await pushBlob(registry, repository, blob)
    await pushImage(registry, repository, OLD)
  }

  async function expectSound(): Promise<void> {
    const objects = createS3ObjectStore({ ...store.s3, pathStyle: true, features: new Set(), timeoutMs: 10_000 })
    const breaches = []
    for await (const { severity, kind, key } of checkStorage(objects, { verify: true }))
      if (severity === 'breach') breaches.push(`${kind} ${key}`)
    expect(breaches).toEqual([])
    const pulled = await registry.fetch('/v2/bystander/manifests/latest')
    expect(await pulled.text()).toBe(OLD.text)
    for (const blob of [CONFIG, LAYER]) expect(await pullBlob(registry, 'bystander', digestOf(blob))).toEqual(blob)
  }

  test.each(SCENARIOS)(
    '$name',
    async ({ name, act, promised }) => {
      const repository = (at: number) =>
        `killed/${name.replaceAll(/[^A-Za-z]/g, '').toLowerCase()}-${String(at).toLowerCase()}`
      const run = async (at: number) => {
        await prepare(repository(at))
        calls = 0
        killAt = at
        const failed = await act(registry, repository(at)).then(
          () => false,
          () => true,
        )
        const fired = calls >= at
        killAt = Infinity
        return { failed, fired, calls }
      }
      const { calls: last } = await run(Infinity)
      expect(last).toBeGreaterThan(1)

      for (let at = 1; at <= last + 1; at++) {
        const { failed, fired } = await run(at)
        cases++
        expect({ at, failed, fired }).toEqual({ at, failed: at <= last, fired: at <= last })
        if (fired) {
          await registry.stop()
          registry = await open()
          await expectSound()
          await act(registry, repository(at))
        }
        await promised(registry, repository(at))
      }
      await expectSound()
    },
    CASES_TIMEOUT_MS,
  )
})

/** The blob that a case pushes is no other's, so that none finds it stored already. */
function ownBlob(repository: string): Uint8Array<ArrayBuffer> {
  const bytes = BLOB.slice()
  bytes.set(new TextEncoder().encode(repository))
  return bytes
}

async function pullOwnBlob(registry: RegistryUnderTest, repository: string): Promise<void> {
  const bytes = ownBlob(repository)
  expect(digestOf(await pullBlob(registry, repository, digestOf(bytes)))).toBe(digestOf(bytes))
}

async function pushImage(registry: RegistryUnderTest, repository: string, image: TestManifest): Promise<void> {
  const headers = { 'Content-Type': image.mediaType }
  await send(registry, `/v2/${repository}/manifests/latest`, { method: 'PUT', body: image.text, headers })
}

/** @throws {Error} for an answer that is no success */
async function send(registry: RegistryUnderTest, path: string, init: RequestInit): Promise<Response> {
  const response = await registry.fetch(path, init)
  if (response.ok) return response
  throw new Error(`${init.method ?? ''} ${path}: ${response.status} ${await response.text()}`)
}
