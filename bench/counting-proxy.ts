import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What an operation goes on doing after its answer is done when storage has been left alone for so long. */
const QUIET_MS = 60

export interface StorageCall {
  /** The S3 operation, such as `PutObject`. */
  readonly operation: string
  readonly key: string
  /** Bytes of the request's body and of the answer's. */
  sent: number
  received: number
}

export interface StorageCalls {
  readonly calls: readonly StorageCall[]
  /** The most that waited for their answers at the same time. */
  readonly atOnce: number
}

/** Stands between the Worker and its storage on 127.0.0.1, and writes down every call. */
export interface CountingProxy {
  readonly port: number
  /** The calls since the last time it was asked, once nothing more is under way. */
  take(): Promise<StorageCalls>
  stop(): Promise<void>
}

/** @param target the storage's endpoint; the bucket's name is the path segment after its path */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port, pathname } = new URL(target)
  let calls: StorageCall[] = []
  let atOnce = 0
  let pending = 0
  let lastAt = 0
  const server = createServer((incoming, outgoing) => {
    const call = describe(incoming, pathname)
    calls.push(call)
    atOnce = Math.max(atOnce, ++pending)
    outgoing.once('close', () => {
      pending--
      lastAt = performance.now()
    })
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
    async take() {
      const asked = performance.now()
      while (pending > 0 || performance.now() - Math.max(asked, lastAt) < QUIET_MS) await delay(QUIET_MS / 3)
      const taken = { calls, atOnce }
      calls = []
      atOnce = 0
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
  const [, , ...key] = pathname.slice(basePath.replace(/\/$/, '').length).split('/')
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
