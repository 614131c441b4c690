import type { AccountRequest } from './account-rows.ts'
import { cpuSeconds, workerds } from './process-usage.ts'

const WARM_UP = 100
const REQUESTS = 500

/**
 * Processor time of the Worker's and the embedded store's processes for each request, one after the other on a warm
 * registry, and its ratio to the first one. Machines differ: the ratios are what counts.
 */
export async function printCpu(url: string, requests: readonly AccountRequest[]): Promise<void> {
  console.log(`| ${REQUESTS} requests | CPU of one, ms | ratio to the first |`)
  console.log('|---|---|---|')
  let first: number | null = null
  for (const { name, path, headers } of requests) {
    await repeat(WARM_UP, url + path, headers)
    const before = total()
    await repeat(REQUESTS, url + path, headers)
    const milliseconds = (1000 * (total() - before)) / REQUESTS
    first ??= milliseconds
    console.log(`| ${name} | ${milliseconds.toFixed(2)} | ${(milliseconds / first).toFixed(1)} |`)
  }
}

async function repeat(times: number, url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  for (let count = 0; count < times; count++) {
    const response = await fetch(url, { headers })
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  }
}

function total(): number {
  return workerds().reduce((sum, pid) => sum + cpuSeconds(pid), 0)
}
