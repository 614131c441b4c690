import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3'

import type { MultipartUpload, StoreLimits } from '../object-store.ts'
import { isAbsent, isNoSuchUpload, storageFault } from './s3-errors.ts'

/** An upload of equal parts, as R2 demands. ETags are kept here: not every store can list parts. */
export async function startS3Multipart(client: S3Client, Bucket: string, Key: string): Promise<MultipartUpload> {
  const upload = await openUpload(client, Bucket, Key)
  let size = 0
  return {
    async putPart(bytes) {
      await upload.addPart(async (PartNumber, UploadId) => {
        const command = new UploadPartCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber,
          Body: bytes,
          ContentLength: bytes.length,
        })
        return (await client.send(command)).ETag
      })
      size += bytes.length
    },
    complete: () => upload.complete(size),
    abort: () => upload.abort(),
  }
}

export function copySource(bucket: string, key: string): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
}

/** Copies inside the storage an object that is too large for one copy. */
export async function copyByParts(
  client: S3Client,
  Bucket: string,
  from: string,
  Key: string,
  size: number,
  limits: StoreLimits,
): Promise<void> {
  const upload = await openUpload(client, Bucket, Key)
  try {
    for (let first = 0; first < size; first += limits.copyBytes) {
      const last = Math.min(first + limits.copyBytes, size) - 1
      await upload.addPart(async (PartNumber, UploadId) => {
        const CopySource = copySource(Bucket, from)
        const CopySourceRange = `bytes=${first}-${last}`
        const command = new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber, CopySource, CopySourceRange })
        return (await client.send(command)).CopyPartResult?.ETag
      })
    }
    await upload.complete(size)
  } catch (error) {
    await upload.abort()
    throw error
  }
}

async function openUpload(client: S3Client, Bucket: string, Key: string) {
  const parts: CompletedPart[] = []
  const UploadId = await create()

  async function create(): Promise<string> {
    try {
      const command = new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'application/octet-stream' })
      const { UploadId: id } = await client.send(command)
      if (id === undefined) throw new Error('an answer without an upload id')
      return id
    } catch (error) {
      throw storageFault('write', Key, error)
    }
  }

  return {
    /** @param send sends the part of that number, and answers its ETag */
    async addPart(send: (partNumber: number, uploadId: string) => Promise<string | undefined>): Promise<void> {
      const PartNumber = parts.length + 1
      try {
        parts.push({ PartNumber, ETag: await send(PartNumber, UploadId) })
      } catch (error) {
        throw isAbsent(error) ? error : storageFault('write', Key, error)
      }
    },

    /** @param size that the object must have then */
    async complete(size: number): Promise<void> {
      try {
        await client.send(
          new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }),
        )
      } catch (error) {
        // A repeated request whose first answer was lost finds no upload any more, but the object.
        if (isNoSuchUpload(error) && (await sizeOf(client, Bucket, Key)) === size) return
        throw storageFault('write', Key, error)
      }
    },

    async abort(): Promise<void> {
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      } catch {
        // The bucket's lifecycle rule removes it.
      }
    },
  }
}

async function sizeOf(client: S3Client, Bucket: string, Key: string): Promise<number | null> {
  try {
    return (await client.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength ?? null
  } catch {
    return null
  }
}
