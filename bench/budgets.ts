/**
 * `npm run bench`: what each operation costs in storage operations and in bytes between Worker and storage, counted on
 * the wire by a proxy, beside its budget (docs/budgets.md). Exits 1 when a budget is exceeded.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startLocal, type Local } from '../src/node/local.ts'
import { prepareAccounts } from './account-rows.ts'
import { budgetRows, type BudgetRow } from './budget-rows.ts'
import { startCountingProxy, type CountingProxy, type StorageCall } from './counting-proxy.ts'
import { Operations } from './operations.ts'
import { printCpu } from './request-cpu.ts'

const folder = await mkdtemp(join(tmpdir(), 'roadstead-bench-'))
try {
  await withRegistry(true, async ({ url }, proxy) => {
    printHeader('operation')
    for (const row of budgetRows(new Operations(url))) await measure(row, proxy)
  })
  await withRegistry(false, async ({ url, adminToken }, proxy) => {
    const { rows, requests } = await prepareAccounts(url, adminToken?.text ?? '')
    console.log('')
    printHeader('operation, with accounts')
    for (const row of rows) await measure(row, proxy)
    console.log('')
    await printCpu(url, requests)
  })
} finally {
  await rm(folder, { recursive: true })
}

/** Runs `work` on a registry of its own, whose calls of storage are counted. */
async function withRegistry(open: boolean, work: (local: Local, proxy: CountingProxy) => Promise<void>): Promise<void> {
  const proxies: CountingProxy[] = []
  const local = await startLocal({
    data: join(folder, open ? 'open' : 'accounts'),
    open,
    s3EndpointForWorker: async (endpoint) => {
      const proxy = await startCountingProxy(endpoint)
      proxies.push(proxy)
      return `http://127.0.0.1:${proxy.port}${new URL(endpoint).pathname}`
    },
  })
  try {
    const [proxy] = proxies
    if (proxy === undefined) throw new Error('Cannot count: the Worker was not given the proxy')
    await work(local, proxy)
  } finally {
    await local.stop()
    for (const proxy of proxies) await proxy.stop()
  }
}

function printHeader(first: string): void {
  console.log(`| ${first} | budget | measured | at once | blob bytes: budget | measured | calls |`)
  console.log('|---|---|---|---|---|---|---|')
}

/** Prints the row's line; a budget that is exceeded is told by the exit status. */
async function measure(row: BudgetRow, proxy: CountingProxy): Promise<void> {
  const { operation, budget, blobBytes = 0, atOnce: most } = row
  await row.prepare?.()
  await proxy.take()
  await row.run()
  const { calls, atOnce } = await proxy.take()
  const moved = calls.reduce((sum, call) => sum + blobBytesOf(call), 0)
  const over = calls.length > budget || moved > blobBytes || atOnce > (most ?? Infinity)
  const shownAtOnce = most === undefined ? '' : `${atOnce} of ${most}`
  const cells = [operation, budget, calls.length, shownAtOnce, blobBytes, moved, summary(calls)]
  console.log(`| ${cells.join(' | ')} |${over ? ' **over budget**' : ''}`)
  if (over) process.exitCode = 1
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
