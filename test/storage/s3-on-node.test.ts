import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'

test('a body of a part is sent from Node too, whose fetch refuses the SDK\'s "Expect"', async () => {
  const received: { headers: IncomingHttpHeaders; bytes: number }[] = []
  const server = createServer((request, response) => {
    let bytes = 0
    request.on('data', (chunk: Uint8Array) => (bytes += chunk.length))
    request.on('end', () => {
      received.push({ headers: request.headers, bytes })
      response.end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const store = createS3ObjectStore({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: 'images',
    region: 'auto',
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    pathStyle: true,
    features: new Set(),
    timeoutMs: 10_000,
  })
  try {
    await store.put('a', new Uint8Array(5 * 2 ** 20))
    expect(received.map(({ bytes }) => bytes)).toEqual([5 * 2 ** 20])
    expect(received[0]?.headers.expect).toBeUndefined()
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
