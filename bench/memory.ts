/**
 * `npm run bench:memory [MB]`: how much the Worker's process grows while five layers of that size (500 MB unless given)
 * are pushed at once, with and without a length, from a cold start. Linux only. Exits 1 above the budget.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { bundleWorker } from '../src/node/build.ts'
import { startRegistry } from '../src/node/registry.ts'
import { startStore } from '../src/node/store.ts'
import { closing } from '../test/suites/client.ts'
import { megabytes, workerds } from './process-usage.ts'

const LAYERS = 5
const BUDGET_MB = 128
const MB = 1_000_000
const layerMegabytes = Number(process.argv[2] ?? 500)

/** The store and the Worker are a workerd each, children of this process; only the Worker's is measured. */
const data = await mkdtemp(join(tmpdir(), 'roadstead-bench-'))
const store = await startStore(data)
const script = await bundleWorker()

console.log('| PATCH bodies | before, MB | peak, MB | growth, MB | budget, MB |')
console.log('|---|---|---|---|---|')
try {
  for (const sized of [false, true]) await measure(sized)
} finally {
  await store.stop()
  await rm(data, { recursive: true })
}

async function measure(sized: boolean): Promise<void> {
  const others = new Set(workerds())
  const registry = await startRegistry({
    script,
    dir: join(data, `worker-${String(sized)}`),
    s3: store.s3,
    settings: { ACCESS: 'open' },
  })
  try {
    const pid = workerds().find((pid) => !others.has(pid))
    if (pid === undefined) throw new Error('Cannot measure: no workerd of its own was started')
    const before = megabytes(pid, 'VmRSS')
    await Promise.all(Array.from({ length: LAYERS }, (_, layer) => push(registry.port, `bench/layer${layer}`, sized)))
    const peak = megabytes(pid, 'VmHWM')
    if (peak - before > BUDGET_MB) process.exitCode = 1
    const kind = `${LAYERS} of ${layerMegabytes} MB, ${sized ? 'with a length' : 'of unknown length'}`
    console.log(`| ${kind} | ${before} | ${peak} | ${peak - before} | ${BUDGET_MB} |`)
  } finally {
    await registry.stop()
  }
}

async function push(port: number, repository: string, sized: boolean): Promise<void> {
  const started = await send(port, 'POST', `/v2/${repository}/blobs/uploads/`, {}, [], 202)
  const hash = createHash('sha256')
  const block = randomBytes(MB)
  const headers: Record<string, string> = sized ? { 'Content-Length': String(layerMegabytes * MB) } : {}
  const patched = await send(port, 'PATCH', started.headers.location ?? '', headers, blocks(), 202)
  const digest = `sha256:${hash.digest('hex')}`
  await send(port, 'PUT', closing(patched.headers.location ?? '', digest), {}, [], 201)

  function* blocks(): Generator<Uint8Array> {
    for (let index = 0; index < layerMegabytes; index++) {
      block.writeUInt32LE(index)
      hash.update(block)
      yield new Uint8Array(block)
    }
  }
}

function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Iterable<Uint8Array>,
  want: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      response.resume()
      if (response.statusCode === want) resolve(response)
      else reject(new Error(`${method} ${path}: ${response.statusCode ?? 0}`))
    })
    outgoing.on('error', reject)
    void (async () => {
      for (const piece of body)
        if (!outgoing.write(piece)) await new Promise((drained) => outgoing.once('drain', drained))
      outgoing.end()
    })()
  })
}
