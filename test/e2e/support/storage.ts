import { ListMultipartUploadsCommand, ListObjectsV2Command, ListPartsCommand, S3Client } from '@aws-sdk/client-s3'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startStore, type S3Settings } from '../../../src/node/store.ts'
import type { RunningRegistry } from './registry.ts'

/** The objects below `blobs/` and `uploads/` of a registry's storage, with their sizes in bytes. */
export interface Stored {
  readonly blobs: ReadonlyMap<string, number>
  readonly uploads: ReadonlyMap<string, number>
}

/**
 * Lists a registry's storage.
 *
 * @param registry one that is *stopped*: the embedded store's files are for one process
 */
export async function listStorage({ data, s3 }: RunningRegistry): Promise<Stored> {
  if (s3 !== null) return listBucket(s3)
  const store = await startStore(data)
  try {
    return await listBucket(store.s3)
  } finally {
    await store.stop()
  }
}

function listBucket(s3: S3Settings): Promise<Stored> {
  return withClient(s3, async (client) => ({
    blobs: await list(client, s3.bucket, 'blobs/sha256/', 'sha256:'),
    uploads: await list(client, s3.bucket, 'uploads/', ''),
  }))
}

/** Bytes in the storage of a registry that runs, those of unfinished writes included. */
export async function bytesArrived({ data, s3 }: RunningRegistry): Promise<number> {
  if (s3 === null) return bytesBelow(data)
  return withClient(s3, async (client) => {
    const whole = await list(client, s3.bucket, '', '')
    return sum([...whole.values(), await unfinishedBytes(client, s3.bucket)])
  })
}

/** Of the parts of all uploads that are not complete. */
async function unfinishedBytes(client: S3Client, Bucket: string): Promise<number> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
  const sizes: number[] = []
  for (const { Key, UploadId } of Uploads) {
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))
    sizes.push(...Parts.map(({ Size = 0 }) => Size))
  }
  return sum(sizes)
}

async function list(
  client: S3Client,
  bucket: string,
  prefix: string,
  shownAs: string,
): Promise<ReadonlyMap<string, number>> {
  const objects = new Map<string, number>()
  let after: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(after && { ContinuationToken: after }) }),
    )
    for (const { Key = '', Size = -1 } of page.Contents ?? []) objects.set(Key.replace(prefix, shownAs), Size)
    after = page.NextContinuationToken
  } while (after !== undefined)
  return objects
}

async function withClient<T>(s3: S3Settings, act: (client: S3Client) => Promise<T>): Promise<T> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  try {
    return await act(client)
  } finally {
    client.destroy()
  }
}

/** Bytes of all files below `folder`, while others write there. */
function bytesBelow(folder: string): number {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false })
    return status?.isFile() ? status.size : 0
  })
  return sum(sizes)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
