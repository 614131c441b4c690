import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { arrayBuffer } from 'node:stream/consumers'

import { createMemoryObjectStore } from '../../../src/storage/memory/memory-object-store.ts'
import type { ObjectStore, StoredObject } from '../../../src/storage/object-store.ts'
import { listen, type Listener } from './listen.ts'

export interface MemoryS3 extends Listener {
  /** The bucket's objects, which may be looked at and changed from outside. */
  open(bucket: string, objects: Map<string, StoredObject>): void
  close(bucket: string): void
}

interface S3Request {
  readonly incoming: IncomingMessage
  readonly key: string
  readonly query: URLSearchParams
  readonly body: Uint8Array<ArrayBuffer>
}

interface S3Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/**
 * An S3 endpoint whose buckets are maps, without signatures: as much of the API as the adapter speaks. Writes are
 * whole or not there: a body that breaks off stores nothing.
 */
export async function startMemoryS3(): Promise<MemoryS3> {
  const buckets = new Map<string, (request: S3Request) => Promise<S3Answer>>()
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const listener = await listen(server)

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? '', 'http://s3')
    const [, bucket = '', ...key] = pathname.split('/').map(decodeURIComponent)
    const body = new Uint8Array(await arrayBuffer(incoming))
    const handle = buckets.get(bucket) ?? (() => Promise.resolve(fault(404, 'NoSuchBucket')))
    const { status = 200, headers = {}, body: sent = '' } = await handle({ incoming, key: key.join('/'), query, body })
    const bytes = typeof sent === 'string' ? new TextEncoder().encode(sent) : sent
    outgoing.writeHead(status, { 'Content-Length': bytes.length, ...headers })
    outgoing.end(incoming.method === 'HEAD' ? undefined : bytes)
  }

  return {
    ...listener,
    open(bucket, objects) {
      buckets.set(bucket, bucketOf(objects))
    },
    close(bucket) {
      buckets.delete(bucket)
    },
  }
}

function bucketOf(objects: Map<string, StoredObject>): (request: S3Request) => Promise<S3Answer> {
  const store = createMemoryObjectStore({ objects })
  const uploads = new Map<string, Map<number, Uint8Array>>() // parts by number: one that is sent again replaces itself
  return async (request) => {
    const { incoming, key, query, body } = request
    const { method = '', headers } = incoming
    const uploadId = query.get('uploadId')
    const upload = uploadId === null ? undefined : uploads.get(uploadId)
    if (uploadId !== null && upload === undefined) return fault(404, 'NoSuchUpload')
    const source = headers['x-amz-copy-source']
    switch (method) {
      case 'HEAD':
      case 'GET':
        return query.has('list-type') ? list(store, query) : read(objects.get(key))
      case 'PUT': {
        const copied =
          typeof source === 'string' ? objects.get(decodeURIComponent(source.replace(/^\/?[^/]+\//, ''))) : null
        if (copied === undefined) return fault(404, 'NoSuchKey')
        const bytes = copied === null ? body : rangeOf(copied.bytes, headers['x-amz-copy-source-range'])
        if (upload !== undefined) upload.set(Number(query.get('partNumber')), bytes)
        else if (copied === null && !fits(headers['x-amz-checksum-sha256'], body)) return fault(400, 'BadDigest')
        else await store.put(key, bytes, copied ?? attributesOf(headers))
        const result = upload === undefined ? 'CopyObjectResult' : 'CopyPartResult'
        return { headers: { ETag: ETAG }, ...(copied && { body: xml(result, `<ETag>${ETAG}</ETag>`) }) }
      }
      case 'POST': {
        if (upload !== undefined && uploadId !== null) {
          const parts = [...upload].sort(([a], [b]) => a - b).map(([, bytes]) => bytes)
          await store.put(key, new Uint8Array(await new Blob(parts).arrayBuffer()))
          uploads.delete(uploadId)
          return { body: xml('CompleteMultipartUploadResult', `<ETag>${ETAG}</ETag>`) }
        }
        const id = crypto.randomUUID()
        uploads.set(id, new Map())
        return { body: xml('InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`) }
      }
      case 'DELETE':
        if (uploadId !== null) uploads.delete(uploadId)
        else await store.delete(key)
        return { status: 204 }
      default:
        return fault(405, 'MethodNotAllowed')
    }
  }
}

const ETAG = '"etag"'

function read(found: StoredObject | undefined): S3Answer {
  if (found === undefined) return fault(404, 'NoSuchKey')
  const metadata = Object.entries(found.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])
  const headers = { 'Content-Type': found.contentType, 'Last-Modified': found.lastModified.toUTCString(), ETag: ETAG }
  return { headers: { ...headers, ...(Object.fromEntries(metadata) as Record<string, string>) }, body: found.bytes }
}

async function list(store: ObjectStore, query: URLSearchParams): Promise<S3Answer> {
  const prefix = query.get('prefix') ?? ''
  const after = (query.get('start-after') ?? '').slice(prefix.length)
  const { objects, more } = await store.list(prefix, { after, limit: Number(query.get('max-keys')) })
  const contents = objects.map(({ key, size }) => `<Contents><Key>${escaped(key)}</Key><Size>${size}</Size></Contents>`)
  return { body: xml('ListBucketResult', `<IsTruncated>${String(more)}</IsTruncated>${contents.join('')}`) }
}

function attributesOf(headers: IncomingMessage['headers']) {
  const prefix = 'x-amz-meta-'
  const own = Object.entries(headers).filter(([name]) => name.startsWith(prefix))
  const metadata = Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), String(value)]))
  return { metadata, ...(headers['content-type'] !== undefined && { contentType: headers['content-type'] }) }
}

function rangeOf(bytes: Uint8Array, range: string | string[] | undefined): Uint8Array {
  const [, first = '0', last = Infinity] = /^bytes=(\d+)-(\d+)$/.exec(String(range)) ?? []
  return bytes.slice(Number(first), Number(last) + 1)
}

function fits(checksum: string | string[] | undefined, body: Uint8Array): boolean {
  return checksum === undefined || checksum === createHash('sha256').update(body).digest('base64')
}

function fault(status: number, code: string): S3Answer {
  return { status, body: xml('Error', `<Code>${code}</Code><Message>${code}</Message>`) }
}

function escaped(text: string): string {
  return text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function xml(element: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${element}>${content}</${element}>`
}
