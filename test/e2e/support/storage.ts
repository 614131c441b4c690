import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startStore } from '../../../src/node/store.ts'

/** The objects below `blobs/` and `uploads/` of a registry's embedded store, with their sizes in bytes. */
export interface Stored {
  readonly blobs: ReadonlyMap<string, number>
  readonly uploads: ReadonlyMap<string, number>
}

/**
 * Lists a registry's embedded store, through S3 as any storage would be listed.
 *
 * @param data the data folder of a registry that is *stopped*: the store's files are for one process
 */
export async function listStorage(data: string): Promise<Stored> {
  const store = await startStore(data)
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = store.s3
  const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  try {
    return { blobs: await list('blobs/sha256/', 'sha256:'), uploads: await list('uploads/', '') }
  } finally {
    s3.destroy()
    await store.stop()
  }

  async function list(prefix: string, shownAs: string): Promise<Map<string, number>> {
    const objects = new Map<string, number>()
    let after: string | undefined
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(after && { ContinuationToken: after }) }),
      )
      for (const { Key = '', Size = -1 } of page.Contents ?? []) objects.set(Key.replace(prefix, shownAs), Size)
      after = page.NextContinuationToken
    } while (after !== undefined)
    return objects
  }
}

/** Bytes of all files below `folder`, while others write there. */
export function bytesBelow(folder: string): number {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false })
    return status?.isFile() ? status.size : 0
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}
