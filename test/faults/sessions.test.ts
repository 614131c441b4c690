import { bytesOf, digestOf, pushBlob } from '../suites/client.ts'
import { Misbehaviour } from './client.ts'
import { describeSweep } from './describe-sweep.ts'
import { pullBlob } from './observer.ts'
import type { Operation, Scenario } from './scenario.ts'
import { cancel, mount } from './sessions.ts'
import { append, begin, SMALL } from './uploads.ts'

const BYTES = bytesOf(200)
const DIGEST = digestOf(BYTES)

function status(): Operation {
  let location = ''
  const range = `0-${BYTES.length - 1}`
  return {
    async run(client) {
      location = await append(client, { path: await begin(client), body: BYTES })
      const response = await client.send({ method: 'GET', path: location }, 204)
      if (response.headers.get('Range') !== range) throw new Misbehaviour('the status has another Range')
    },
    async promised(registry) {
      const response = await registry.fetch(location)
      if (response.headers.get('Range') !== range) throw new Misbehaviour('the upload has lost bytes')
    },
  }
}

function pull(method: string, ...wanted: readonly number[]): Operation {
  return {
    async run(client) {
      await client.send({ method, path: `/v2/app/blobs/${DIGEST}` }, ...wanted)
    },
    promised: (registry) => pullBlob(registry, 'app', DIGEST, BYTES),
  }
}

const heldBy = (repository: string): Pick<Scenario, 'prepare' | 'options'> => ({
  options: SMALL,
  async prepare(registry) {
    await pushBlob(registry, repository, BYTES)
  },
})

describeSweep('mounts', [
  { name: 'from a repository that is named', ...heldBy('holding'), operation: () => mount(BYTES, '&from=holding') },
  { name: 'from wherever it is', ...heldBy('holding'), operation: () => mount(BYTES, '') },
  { name: 'of what is here already', ...heldBy('app'), operation: () => mount(BYTES, '') },
])

describeSweep('upload sessions', [
  { name: 'cancelled before any bytes', options: SMALL, operation: () => cancel() },
  { name: 'cancelled after a chunk', options: SMALL, operation: () => cancel(200) },
  { name: 'cancelled after two chunks', options: SMALL, operation: () => cancel(40, 90) },
  { name: 'status', options: SMALL, operation: status },
])

describeSweep('blob pulls', [
  { name: 'HEAD', ...heldBy('app'), operation: () => pull('HEAD', 200) },
  { name: 'GET', ...heldBy('app'), operation: () => pull('GET', 307) },
])
