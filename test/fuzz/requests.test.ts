import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'

import type { MemoryRegistryOptions } from '../suites/registry-under-test.ts'
import { expectSound, outcomeOf } from './support/answers.ts'
import { breachesOf } from './support/breaches.ts'
import { KNOWN } from './support/content.ts'
import { fuzzedRequest, type FuzzedRequest } from './support/requests.ts'
import { PROPERTY_TIMEOUT_MS, runs } from './support/runs.ts'
import { openWorld, prepareWorld, type WorldState } from './support/world.ts'

/** So small that uploads of a few bytes are written and copied by parts as well. */
const TINY = { partBytes: 8, putBytes: 16, copyBytes: 16, parts: 20 }

const REGISTRIES: readonly (readonly [name: string, options: MemoryRegistryOptions])[] = [
  ['as usual', {}],
  ['with tiny parts', { limits: TINY }],
  ['over a store that checks digests', { features: ['checksum-sha256'] }],
  ['that reads tags from storage', { services: { freshTagReads: true } }],
]

let state: WorldState
beforeAll(async () => {
  state = await prepareWorld(true)
  vi.spyOn(console, 'error').mockReturnValue() // each 503 is logged
})

test.each(REGISTRIES)(
  'whatever is asked of a registry %s: a sound answer, and nothing stored that must not be',
  async (_, options) => {
    const statuses = new Set<number>()
    const requests = fc.array(fuzzedRequest(KNOWN), { minLength: 1, maxLength: 25 })
    const property = fc.asyncProperty(requests, async (sent) => {
      const world = openWorld(state, options)
      let deleted = false
      for (const request of sent) {
        const answer = await world.send(request)
        statuses.add(answer.status)
        if (options.features !== undefined && isCutShort(request) && outcomeOf(answer) === '503 UNAVAILABLE') continue
        expectSound(answer, request.method.toUpperCase(), `${request.method} ${request.path}`)
        deleted ||= request.method === 'DELETE' && answer.status === 202
        if (answer.status !== 307) continue
        const bytes = await world.registry.download(answer.headers.get('Location') ?? '')
        expect(bytes.status).toBe(200)
      }
      expect(await breachesOf(world.registry, deleted)).toEqual([])
    })
    await fc.assert(property, runs(120))
    expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 202, 204, 304, 307, 400, 404, 405, 416]))
  },
  PROPERTY_TIMEOUT_MS,
)

/** A store that reads the body by itself cannot tell a client that has gone from its own fault. */
function isCutShort({ body, headers }: FuzzedRequest): boolean {
  return body?.how === 'broken' || 'Content-Length' in headers || 'Content-Range' in headers
}
