/**
 * `npm run bench`: what each operation costs in storage operations and in bytes between Worker and storage, counted on
 * the wire by a proxy, beside its budget (docs/budgets.md). Exits 1 when a budget is exceeded.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startLocal } from '../src/node/local.ts'
import { budgetRows, type BudgetRow } from './budget-rows.ts'
import { startCountingProxy, type CountingProxy, type StorageCall } from './counting-proxy.ts'
import { Operations } from './operations.ts'

const data = await mkdtemp(join(tmpdir(), 'roadstead-bench-'))
const proxies: CountingProxy[] = []
const local = await startLocal({
  data,
  s3EndpointForWorker: async (endpoint) => {
    const proxy = await startCountingProxy(endpoint)
    proxies.push(proxy)
    return `http://127.0.0.1:${proxy.port}${new URL(endpoint).pathname}`
  },
})

try {
  console.log('| operation | budget | measured | at once | blob bytes: budget | measured | calls |')
  console.log('|---|---|---|---|---|---|---|')
  for (const row of budgetRows(new Operations(local.url))) if (!(await measure(row))) process.exitCode = 1
} finally {
  await local.stop()
  for (const proxy of proxies) await proxy.stop()
  await rm(data, { recursive: true })
}

/** Prints the row's line, and answers whether it is within its budget. */
async function measure(row: BudgetRow): Promise<boolean> {
  const { operation, budget, blobBytes = 0, atOnce: most } = row
  const [proxy] = proxies
  if (proxy === undefined) throw new Error('Cannot count: the Worker was not given the proxy')
  await row.prepare?.()
  await proxy.take()
  await row.run()
  const { calls, atOnce } = await proxy.take()
  const moved = calls.reduce((sum, call) => sum + blobBytesOf(call), 0)
  const over = calls.length > budget || moved > blobBytes || atOnce > (most ?? Infinity)
  const shownAtOnce = most === undefined ? '' : `${atOnce} of ${most}`
  const cells = [operation, budget, calls.length, shownAtOnce, blobBytes, moved, summary(calls)]
  console.log(`| ${cells.join(' | ')} |${over ? ' **over budget**' : ''}`)
  return !over
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
