import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Lie = (request: IncomingMessage, received: number, response: ServerResponse) => void

/** Servers that keep nothing, and say that all is well, or nothing is there, whatever they are asked. */
export const LIES = {
  '200 to everything': (_request, _received, response) => {
    response.writeHead(200).end()
  },
  '200 to everything, with an object and all headers': (request, received, response) => {
    response.writeHead(200, plausible(request, received)).end('{}')
  },
  'the right status for each method, with an object and all headers': (request, received, response) => {
    const statuses: Record<string, number> = { POST: 202, PATCH: 202, PUT: 201, DELETE: 202 }
    response.writeHead(statuses[request.method ?? ''] ?? 200, plausible(request, received)).end('{}')
  },
  '404 to everything': (_request, _received, response) => {
    response.writeHead(404).end()
  },
  '404 to everything, with an error for each': (_request, _received, response) => {
    const errors = ['BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'].map((code) => ({ code, message: 'unknown' }))
    response.writeHead(404, { 'Content-Type': 'application/json' }).end(JSON.stringify({ errors }))
  },
} satisfies Record<string, Lie>

export interface Liar {
  readonly url: string
  stop(): Promise<void>
}

/** Starts one on loopback. */
export function startLiar(lie: Lie): Promise<Liar> {
  const server = createServer((request, response) => {
    let received = 0
    request.on('data', (chunk: Uint8Array) => (received += chunk.length))
    request.on('end', () => {
      lie(request, received, response)
    })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      resolve({
        url: `http://127.0.0.1:${port}`,
        stop: async () => {
          server.closeAllConnections()
          await new Promise((closed) => server.close(closed))
        },
      })
    })
  })
}

/** Every header that a row might ask for, made of what the request says. */
function plausible({ url = '', headers }: IncomingMessage, received: number): Record<string, string> {
  const { pathname, searchParams } = new URL(url, 'http://registry.test')
  const digest = searchParams.get('digest') ?? /sha\d+:[0-9a-f]+/.exec(pathname)?.[0] ?? 'sha256:none'
  const uuid = randomUUID()
  const opens = pathname.endsWith('/blobs/uploads/')
  return {
    'Content-Type': headers['content-type'] ?? 'application/json',
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'Docker-Content-Digest': digest,
    'Docker-Upload-UUID': uuid,
    'Content-Range': 'bytes 0-1/2',
    Location: opens ? `${pathname}${uuid}` : pathname,
    Range: `0-${Math.max(received - 1, 0)}`,
    Allow: 'GET, HEAD',
    ETag: `"${digest}"`,
    'OCI-Subject': digest,
    'OCI-Filters-Applied': 'artifactType',
    'OCI-Tag': searchParams.getAll('tag').join(', '),
  }
}
