import type { ServerResponse } from 'node:http'

import { S3Client, type GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import type { S3Settings } from '../../src/node/store.ts'

/** A front's own access to the storage behind it, for what the client has not signed. */
export interface Owner {
  /** Does what `command` says, and answers with what the storage answers. */
  answer(response: ServerResponse, command: unknown, init?: OwnerRequest): Promise<void>
  /** Does what `command` says. */
  act(command: unknown, init?: OwnerRequest): Promise<void>
}

export interface OwnerRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array
}

export function ownerOf({ endpoint, region, accessKeyId, secretAccessKey }: S3Settings): Owner {
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  const send = async (command: unknown, { method = 'GET', headers = {}, body }: OwnerRequest = {}) => {
    const url = await getSignedUrl(client, command as GetObjectCommand, { expiresIn: 60 })
    return fetch(url, { method, headers, ...(body === undefined ? {} : { body: body as BodyInit }) })
  }
  return {
    async answer(response, command, init) {
      const answer = await send(command, init)
      const headers = Object.fromEntries(answer.headers)
      response.writeHead(answer.status, headers).end(new Uint8Array(await answer.arrayBuffer()))
    },
    async act(command, init) {
      await (await send(command, init)).body?.cancel()
    },
  }
}
