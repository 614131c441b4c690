import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import type { S3Settings } from '../../src/node/store.ts'
import { forEachOf } from '../../src/storage/concurrency.ts'
import { writeFresh } from './fresh-image.ts'
import type { Prepare } from './transfers.ts'

/** No registry at all: each layer by one PUT and one GET of a presigned URL, six at a time as skopeo does. */
export function plainStore(s3: S3Settings, folder: string): Prepare {
  const { endpoint, region, bucket: Bucket, accessKeyId, secretAccessKey } = s3
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: s3.pathStyle === 'true',
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  return async (layerSizes, reference) => {
    const [pushed, pulled] = [join(folder, 'pushed'), join(folder, 'pulled')]
    await mkdir(pushed, { recursive: true })
    const layers = layerSizes.map((size, number) => ({
      size,
      name: String(number),
      Key: `bench/${reference}/${number}`,
    }))
    for (const { name, size } of layers) await writeFresh(join(pushed, name), size)
    return {
      push: () =>
        forEachOf(layers, async ({ size, name, Key }) => {
          const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key }))
          const answer = await send('PUT', url, { file: join(pushed, name), size })
          answer.resume()
        }),
      async pull() {
        await mkdir(pulled)
        await forEachOf(layers, async ({ name, Key }) => {
          const answer = await send('GET', await getSignedUrl(client, new GetObjectCommand({ Bucket, Key })))
          await pipeline(answer, createWriteStream(join(pulled, name)))
        })
      },
      async clear() {
        for (const path of [pushed, pulled]) await rm(path, { recursive: true, force: true })
      },
    }
  }
}

function send(method: string, url: string, body?: { file: string; size: number }): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Length': String(body.size) }
    const outgoing = request(url, { method, headers }, (answer) => {
      if (answer.statusCode === 200) resolve(answer)
      else reject(new Error(`${method} of a plain object: ${answer.statusCode ?? 0}`))
    })
    outgoing.on('error', reject)
    if (body === undefined) outgoing.end()
    else createReadStream(body.file).on('error', reject).pipe(outgoing)
  })
}
