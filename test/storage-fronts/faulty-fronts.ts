import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'

import type { S3Settings } from '../../src/node/store.ts'
import { passOn, readBody, refuse, type FrontHandler } from './front.ts'
import { ownerOf } from './owner.ts'

const LATE_MS = 1_000

/** What a request is about, read from its URL. */
interface Asked {
  readonly key: string
  readonly query: URLSearchParams
  /** GET or HEAD of an object. */
  readonly reads: boolean
  readonly writes: boolean
  readonly lists: boolean
}

function read({ method = '', url = '', headers }: IncomingMessage, { endpoint, bucket }: S3Settings): Asked {
  const { pathname, searchParams: query } = new URL(url, endpoint)
  const root = `${new URL(endpoint).pathname.replace(/\/$/, '')}/${bucket}`
  const key = decodeURIComponent(pathname.slice(root.length + 1))
  return {
    key,
    query,
    reads: key !== '' && (method === 'GET' || method === 'HEAD'),
    writes: key !== '' && method === 'PUT' && !query.has('uploadId') && headers['x-amz-copy-source'] === undefined,
    lists: key === '' && query.has('list-type'),
  }
}

type Fault = (s3: S3Settings) => FrontHandler

/** One front for each thing that a storage can do wrong. All else passes. */
export const FAULTS = {
  'does not verify signatures': (s3) => async (request, response) => {
    if (!read(request, s3).reads) return passOn(request, response, s3)
    await readAsOwner(s3, request, response)
  },
  'lets everybody read': (s3) => async (request, response) => {
    const { reads, query } = read(request, s3)
    const signed = request.headers.authorization !== undefined || query.has('X-Amz-Signature')
    if (!reads || signed) return passOn(request, response, s3)
    await readAsOwner(s3, request, response)
  },
  'has a clock that is an hour late': (s3) => (request, response) => {
    // Elsewhere the SDK would take it for the truth, and sign for a time that the storage behind refuses.
    if (!read(request, s3).query.has('X-Amz-Signature')) return passOn(request, response, s3)
    return passOn(request, response, s3, {
      edit(headers, text) {
        headers.set('date', new Date(Date.now() - 3_600_000).toUTCString())
        return text
      },
    })
  },
  'drops metadata': (s3) => (request, response) =>
    passOn(request, response, s3, {
      edit(headers, text) {
        for (const name of [...headers.keys()]) if (name.startsWith('x-amz-meta-')) headers.delete(name)
        return text
      },
    }),
  'reads what was there a second ago': (s3) => {
    const old = new Map<string, number>()
    return async (request, response) => {
      const { reads, writes, key } = read(request, s3)
      if (writes) old.set(key, Date.now() + LATE_MS)
      if (!reads || (old.get(key) ?? 0) < Date.now()) return passOn(request, response, s3)
      refuse(response, 404, 'NoSuchKey')
    }
  },
  'deletes a second later': (s3) => async (request, response) => {
    if (request.method !== 'DELETE') return passOn(request, response, s3)
    const { key } = read(request, s3)
    void delay(LATE_MS).then(() =>
      ownerOf(s3).act(new DeleteObjectCommand({ Bucket: s3.bucket, Key: key }), { method: 'DELETE' }),
    )
    response.writeHead(204).end()
  },
  'shows the half of an object while it is written': (s3) => async (request, response) => {
    const { writes, key } = read(request, s3)
    if (!writes) return passOn(request, response, s3)
    const { bytes } = await readBody(request)
    const half = bytes.slice(0, bytes.length / 2)
    await ownerOf(s3).act(new PutObjectCommand({ Bucket: s3.bucket, Key: key }), { method: 'PUT', body: half })
    await delay(LATE_MS / 10)
    await passOn(request, response, s3, { body: bytes })
  },
  'stores what has come of a body that breaks off': (s3) => async (request, response) => {
    const { writes, key } = read(request, s3)
    if (!writes) return passOn(request, response, s3)
    const { bytes, whole } = await readBody(request)
    if (whole) return passOn(request, response, s3, { body: bytes })
    await ownerOf(s3).act(new PutObjectCommand({ Bucket: s3.bucket, Key: key }), { method: 'PUT', body: bytes })
  },
  'takes a plus in a key for a space': (s3) => async (request, response) => {
    const { writes, key } = read(request, s3)
    if (!writes || !key.includes('+')) return passOn(request, response, s3)
    const { bytes } = await readBody(request)
    const command = new PutObjectCommand({ Bucket: s3.bucket, Key: key.replaceAll('+', ' ') })
    await ownerOf(s3).answer(response, command, { method: 'PUT', body: bytes })
  },
  'refuses presigned URLs': (s3) => async (request, response) => {
    if (!read(request, s3).query.has('X-Amz-Signature')) return passOn(request, response, s3)
    refuse(response, 403, 'AccessDenied')
  },
  'forgets that presigned URLs expire': (s3) => async (request, response) => {
    const { query } = read(request, s3)
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '') ?? []
    const signed = Date.UTC(...([year, Number(month) - 1, day, hour, minute, second].map(Number) as [number, number]))
    const expired = signed + Number(query.get('X-Amz-Expires')) * 1000 < Date.now()
    if (!expired) return passOn(request, response, s3)
    await readAsOwner(s3, request, response)
  },
  'ignores Range': (s3) => async (request, response) => {
    if (request.headers.range === undefined) return passOn(request, response, s3)
    delete request.headers.range
    await readAsOwner(s3, request, response)
  },
  'shows an upload before it is complete': (s3) => async (request, response) => {
    const { key, query } = read(request, s3)
    if (request.method === 'POST' && query.has('uploads')) {
      const body = new Uint8Array(1)
      await ownerOf(s3).act(new PutObjectCommand({ Bucket: s3.bucket, Key: key }), { method: 'PUT', body })
    }
    await passOn(request, response, s3)
  },
  'ignores the range of a copied part': (s3) => async (request, response) => {
    const { key, query } = read(request, s3)
    const { 'x-amz-copy-source': source, 'x-amz-copy-source-range': range } = request.headers
    if (range === undefined) return passOn(request, response, s3)
    const command = new UploadPartCopyCommand({
      Bucket: s3.bucket,
      Key: key,
      CopySource: String(source),
      UploadId: query.get('uploadId') ?? '',
      PartNumber: Number(query.get('partNumber')),
    })
    await ownerOf(s3).answer(response, command, { method: 'PUT', headers: { 'x-amz-copy-source': String(source) } })
  },
  'lists a second later': (s3) => {
    const young = new Map<string, number>()
    return (request, response) => {
      const { writes, lists, key } = read(request, s3)
      if (writes) young.set(key, Date.now() + LATE_MS)
      if (!lists) return passOn(request, response, s3)
      const isOld = (entry: string) => (young.get(/<Key>(.*?)<\/Key>/.exec(entry)?.[1] ?? '') ?? 0) < Date.now()
      return passOn(request, response, s3, {
        edit: (_, text) => text.replace(CONTENTS, (entry) => (isOld(entry) ? entry : '')),
      })
    }
  },
  'lists in another order': (s3) => (request, response) => {
    if (!read(request, s3).lists) return passOn(request, response, s3)
    return passOn(request, response, s3, {
      edit(_, text) {
        const entries = text.match(CONTENTS) ?? []
        return text.replace(CONTENTS, () => entries.pop() ?? '')
      },
    })
  },
  'ignores start-after': (s3) => listWith(s3, 'start-after', ({ MaxKeys, Prefix }) => ({ MaxKeys, Prefix })),
  'lists half a page': (s3) => listWith(s3, 'max-keys', (asked) => ({ ...asked, MaxKeys: asked.MaxKeys / 2 })),
} satisfies Record<string, Fault>

const CONTENTS = /<Contents>.*?<\/Contents>/gs

interface Listed {
  Prefix: string
  MaxKeys: number
  StartAfter?: string
}

/** Lists what `change` makes of the request, if that has the parameter. */
function listWith(s3: S3Settings, parameter: string, change: (asked: Listed) => Listed): FrontHandler {
  return async (request, response) => {
    const { lists, query } = read(request, s3)
    if (!lists || !query.has(parameter)) return passOn(request, response, s3)
    const after = query.get('start-after')
    const asked = { Prefix: query.get('prefix') ?? '', MaxKeys: Number(query.get('max-keys')) }
    const input = change(after === null ? asked : { ...asked, StartAfter: after })
    await ownerOf(s3).answer(response, new ListObjectsV2Command({ Bucket: s3.bucket, ...input }))
  }
}

async function readAsOwner(s3: S3Settings, ...[request, response]: Parameters<FrontHandler>): Promise<void> {
  const object = { Bucket: s3.bucket, Key: read(request, s3).key }
  const { method = 'GET', headers } = request
  const range = headers.range === undefined ? {} : { headers: { Range: headers.range } }
  const command = method === 'HEAD' ? new HeadObjectCommand(object) : new GetObjectCommand(object)
  request.resume()
  await ownerOf(s3).answer(response, command, { method, ...range })
}
