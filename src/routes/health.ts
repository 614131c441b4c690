import { RegistryError } from '../oci/errors.ts'
import type { Services } from '../services.ts'
import { VERSION } from '../version.ts'
import type { OpenCall } from './call.ts'

const UNCACHED = { 'Cache-Control': 'no-store' }

/** Whether this process answers, and which release it is. Asks nothing. */
export function getHealth(): Promise<Response> {
  return Promise.resolve(Response.json({ status: 'ok', version: VERSION }, { headers: UNCACHED }))
}

/** Whether storage and KV can be reached from here: 200, or 503 with the one that cannot. */
export async function getReadiness(_call: OpenCall, { readiness }: Services): Promise<Response> {
  const checks = await readiness()
  const ready = Object.values(checks).every((state) => state === 'ok')
  const body = { status: ready ? 'ok' : 'unavailable', ...checks }
  return Response.json(body, { status: ready ? 200 : 503, headers: UNCACHED })
}

/** What was counted, for Prometheus. @throws {RegistryError} `UNSUPPORTED` (404) where nothing is counted in memory */
export function getMetrics(_call: OpenCall, { metricsPage }: Services): Promise<Response> {
  if (metricsPage === null) throw new RegistryError('UNSUPPORTED', { status: 404, detail: 'no such endpoint' })
  const headers = { ...UNCACHED, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }
  return Promise.resolve(new Response(metricsPage(), { headers }))
}
