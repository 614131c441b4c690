/**
 * `npm run bench`: what each operation costs in storage operations and in bytes between Worker and storage, counted on
 * the wire by a proxy, beside its budget (docs/budgets.md). Exits 1 when a budget is exceeded.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startLocal } from '../src/node/local.ts'
import { bytesOf, closing, digestOf, imageOf, locationOf, startUpload } from '../test/suites/client.ts'
import type { RegistryUnderTest } from '../test/suites/registry-under-test.ts'
import { startCountingProxy, type CountingProxy, type StorageCall } from './counting-proxy.ts'

/** Of the image that is pushed and pulled: config and layers. */
const BLOBS = 6

/** Of every blob, so that bytes that should not have moved are seen. */
const BLOB_BYTES = 1_000_000

interface Row {
  readonly operation: string
  readonly budget: number
  /** Bytes of blobs that may pass through the Worker. */
  readonly blobBytes: number
  run(): Promise<unknown>
}

const data = await mkdtemp(join(tmpdir(), 'roadstead-bench-'))
let proxy: CountingProxy | undefined
const local = await startLocal({
  data,
  s3EndpointForWorker: async (endpoint) => {
    proxy = await startCountingProxy(endpoint)
    return `http://127.0.0.1:${proxy.port}${new URL(endpoint).pathname}`
  },
})
const registry: RegistryUnderTest = {
  fetch: (path, init) => fetch(local.url + path, { redirect: 'manual', ...init }),
  download: (location) => fetch(location),
  stop: () => local.stop(),
}

try {
  process.exitCode = (await measure()) ? 0 : 1
} finally {
  await local.stop()
  await proxy?.stop()
  await rm(data, { recursive: true })
}

async function measure(): Promise<boolean> {
  const blobs = Array.from({ length: BLOBS }, () => bytesOf(BLOB_BYTES))
  const [config = new Uint8Array(), ...layers] = blobs
  const image = imageOf(config, layers)
  const put = (repository: string, reference: string) =>
    send(201, `/v2/${repository}/manifests/${reference}`, {
      method: 'PUT',
      body: image.text,
      headers: { 'Content-Type': image.mediaType },
    })
  const first = digestOf(config)
  const rows: Row[] = [
    { operation: 'new blob by one PUT', budget: 3, blobBytes: BLOB_BYTES, run: () => pushByPut(config) },
    {
      operation: 'new blob of one part by PATCH and PUT',
      budget: 5,
      blobBytes: BLOB_BYTES,
      run: () => pushByPatch(layers[0]),
    },
    {
      operation: 'blob HEAD, already in the repository',
      budget: 1,
      blobBytes: 0,
      run: () => head('bench/app', config),
    },
    {
      operation: 'dedup hit from elsewhere in the registry',
      budget: 3,
      blobBytes: 0,
      run: () => send(201, `/v2/bench/other/blobs/uploads/?mount=${first}`, { method: 'POST' }),
    },
    {
      operation: 'mount from a repository that is named',
      budget: 2,
      blobBytes: 0,
      run: () => send(201, `/v2/bench/third/blobs/uploads/?mount=${first}&from=bench/app`, { method: 'POST' }),
    },
    {
      operation: 'the other blobs of the image, each by one PUT',
      budget: 3 * (BLOBS - 2),
      blobBytes: BLOB_BYTES * (BLOBS - 2),
      run: () => Promise.all(layers.slice(1).map((layer) => pushByPut(layer))),
    },
    {
      operation: `manifest PUT, ${BLOBS} blobs, first of its repository`,
      budget: 2 * BLOBS + 7,
      blobBytes: 0,
      run: () => put('bench/app', 'v1'),
    },
    {
      operation: `manifest PUT, ${BLOBS} blobs, new tag`,
      budget: 2 * BLOBS + 6,
      blobBytes: 0,
      run: () => put('bench/app', 'v2'),
    },
    {
      operation: `push again, nothing changed, ${BLOBS} blobs`,
      budget: BLOBS + 2 * BLOBS + 6,
      blobBytes: 0,
      run: () => Promise.all(blobs.map((blob) => head('bench/app', blob))).then(() => put('bench/app', 'v2')),
    },
    {
      operation: 'pull by tag: the manifest',
      budget: 1,
      blobBytes: 0,
      run: () => send(200, '/v2/bench/app/manifests/v1'),
    },
    {
      operation: 'pull: a blob, redirected',
      budget: 1,
      blobBytes: 0,
      run: () => send(307, `/v2/bench/app/blobs/${first}`),
    },
    { operation: 'tags page', budget: 1, blobBytes: 0, run: () => send(200, '/v2/bench/app/tags/list?n=1') },
  ]

  console.log('| operation | budget | measured | blob bytes allowed | blob bytes through the Worker | calls |')
  console.log('|---|---|---|---|---|---|')
  let good = true
  for (const row of rows) {
    const { operation, budget, blobBytes } = row
    proxy?.take()
    await row.run()
    const calls = proxy?.take() ?? []
    const moved = calls.reduce((sum, call) => sum + blobBytesOf(call), 0)
    const within = calls.length <= budget && moved <= blobBytes
    good &&= within
    const cells = [operation, budget, calls.length, blobBytes, moved, summary(calls)]
    console.log(`| ${cells.join(' | ')} |${within ? '' : ' over budget'}`)
  }
  return good
}

/** Manifests, records and listings are not blobs. */
function blobBytesOf({ operation, key, sent, received }: StorageCall): number {
  const moves = ['PutObject', 'UploadPart', 'GetObject'].includes(operation)
  return moves && /^(blobs|uploads)\//.test(key) ? sent + received : 0
}

function summary(calls: readonly StorageCall[]): string {
  const counts = new Map<string, number>()
  for (const { operation } of calls) counts.set(operation, (counts.get(operation) ?? 0) + 1)
  return [...counts].map(([operation, count]) => `${count} ${operation}`).join(', ')
}

async function pushByPut(bytes: Uint8Array): Promise<void> {
  const location = await startUpload(registry, 'bench/app')
  await send(201, closing(location, digestOf(bytes)), { method: 'PUT', body: bytes })
}

async function pushByPatch(bytes: Uint8Array<ArrayBuffer> = new Uint8Array()): Promise<void> {
  const location = await startUpload(registry, 'bench/app')
  const body = new Blob([bytes]).stream()
  const patched = await send(202, location, { method: 'PATCH', body, duplex: 'half' })
  await send(201, closing(locationOf(patched), digestOf(bytes)), { method: 'PUT' })
}

async function head(repository: string, bytes: Uint8Array): Promise<void> {
  await send(200, `/v2/${repository}/blobs/${digestOf(bytes)}`, { method: 'HEAD' })
}

async function send(want: number, path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
  const response = await registry.fetch(path, init)
  if (response.status !== want) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  await response.arrayBuffer()
  return response
}
