import { bytesOf, digestOf } from '../suites/client.ts'
import { expectAbsent, pullBlob } from './observer.ts'
import type { Operation } from './scenario.ts'
import { append, begin } from './uploads.ts'

/** @param query after the digest */
export function mount(bytes: Uint8Array, query: string): Operation {
  const digest = digestOf(bytes)
  return {
    async run(client) {
      await client.send({ method: 'POST', path: `/v2/app/blobs/uploads/?mount=${digest}${query}` }, 201)
    },
    promised: (registry) => pullBlob(registry, 'app', digest, bytes),
  }
}

/** @param sizes of the chunks that were sent before */
export function cancel(...sizes: readonly number[]): Operation {
  let location = ''
  return {
    async run(client) {
      location = await begin(client)
      for (const size of sizes) location = await append(client, { path: location, body: bytesOf(size) })
      await client.send({ method: 'DELETE', path: location }, 204)
    },
    promised: (registry) => expectAbsent(registry, location),
  }
}
