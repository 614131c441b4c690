import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StorageCall {
  /** The S3 operation, such as `PutObject`. */
  readonly operation: string
  readonly key: string
  /** Bytes of the request's body and of the answer's. */
  sent: number
  received: number
}

/** Stands between the Worker and its storage on 127.0.0.1, and writes down every call. */
export interface CountingProxy {
  readonly port: number
  /** The calls since the last time it was asked. */
  take(): StorageCall[]
  stop(): Promise<void>
}

/** @param target the storage's endpoint; the bucket's name is the path segment after its path */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port, pathname } = new URL(target)
  let calls: StorageCall[] = []
  const server = createServer((incoming, outgoing) => {
    const call = describe(incoming, pathname)
    calls.push(call)
    // The Host stays as it came: it is signed.
    const { method, url: path, headers } = incoming
    const forwarded = request({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('data', (chunk: Uint8Array) => (call.received += chunk.length))
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.on('data', (chunk: Uint8Array) => (call.sent += chunk.length))
    incoming.pipe(forwarded)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = calls
      calls = []
      return taken
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

function describe({ method = '', url = '', headers }: IncomingMessage, basePath: string): StorageCall {
  const { pathname, searchParams } = new URL(url, 'http://storage')
  const [, , ...key] = pathname.slice(basePath.length).split('/')
  const copies = headers['x-amz-copy-source'] !== undefined
  const part = searchParams.has('partNumber')
  const operations: Record<string, string> = {
    HEAD: 'HeadObject',
    GET: searchParams.has('list-type') ? 'ListObjects' : 'GetObject',
    PUT: `${part ? 'UploadPart' : copies ? '' : 'PutObject'}${copies ? (part ? 'Copy' : 'CopyObject') : ''}`,
    POST: searchParams.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload',
    DELETE: searchParams.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject',
  }
  return { operation: operations[method] ?? method, key: decodeURIComponent(key.join('/')), sent: 0, received: 0 }
}
