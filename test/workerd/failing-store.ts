import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Bytes of a body that are read before the connection is cut. */
const CUT_AFTER_BYTES = 100_000

const INTERNAL_ERROR = '<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>'

/**
 * How an S3 endpoint can fail, by the bucket's name. `counts` is the number of requests that a bucket has had: ask for
 * `/counts/<bucket>`.
 */
const FAILURES: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  /** Answers at once, whatever comes. */
  refuse(_, response) {
    answer(response, 500, INTERNAL_ERROR)
  },
  /** Reads some, then is gone. */
  cut(request) {
    let read = 0
    request.on('data', (chunk: Buffer) => {
      read += chunk.length
      if (read >= CUT_AFTER_BYTES) request.socket.destroy()
    })
    request.on('end', () => request.socket.destroy())
  },
  /** Neither reads nor answers. */
  stall: () => undefined,
  /** Reads all, and never answers. */
  mute(request) {
    request.resume()
  },
  /** Says so only after the status was sent: copies and completions begin their answer early, to keep it alive. */
  late(request, response) {
    const begins = request.method === 'POST' && request.url?.includes('uploads')
    request.resume()
    if (begins)
      answer(response, 200, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
    else if (request.headers['x-amz-copy-source'] === undefined && request.method === 'PUT')
      response.writeHead(200, { ETag: '"e"' }).end()
    else answer(response, 200, INTERNAL_ERROR)
  },
  /** Stops in the middle of its answer. */
  half(request, response) {
    request.resume()
    answer(response, 200, '<ListBucketResult><Contents><Key>a')
  },
  /** Begins its answer, and never ends it. */
  hush(request, response) {
    request.resume()
    response.writeHead(200, { 'Content-Type': 'application/xml' })
    response.write('<?xml version="1.0" encoding="UTF-8"?>\n')
  },
}

/** Runs on a free port of 127.0.0.1. */
export async function startFailingStore(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const counts: Record<string, number> = {}
  const server = createServer((request, response) => {
    const [, bucket = '', asked = ''] = /^\/([^/?]*)\/?([^/?]*)/.exec(request.url ?? '') ?? []
    if (bucket === 'counts') {
      response.end(String(counts[asked] ?? 0))
      return
    }
    counts[bucket] = (counts[bucket] ?? 0) + 1
    FAILURES[bucket]?.(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

function answer(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml', Connection: 'close' })
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)
}
