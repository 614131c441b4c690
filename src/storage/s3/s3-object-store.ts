import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import { decodeHex, encodeBase64 } from '../../oci/base64.ts'
import { RegistryError } from '../../oci/errors.ts'
import { PRESIGN_EXPIRY_SECONDS, presignWindowStart, type ObjectStore, type StoreLimits } from '../object-store.ts'
import type { S3Settings } from '../s3-settings.ts'
import { within } from '../within.ts'
import { createS3Clients } from './s3-client.ts'
import { isAbsent, isChecksumRefusal, storageFault } from './s3-errors.ts'
import { PATIENCE } from './s3-http.ts'
import { copyByParts, copySource, startS3Multipart } from './s3-multipart.ts'

/** What AWS and R2 have in common. */
const S3_LIMITS: Omit<StoreLimits, 'stallMs' | 'commitMs'> = {
  putBytes: 4.9 * 2 ** 30,
  copyBytes: 4.9 * 2 ** 30,
  partBytes: 5 * 2 ** 20,
  parts: 10_000,
}

/** The bucket behind any S3-compatible endpoint. Make one an isolate: the clients cost more than a request. */
export function createS3ObjectStore(settings: S3Settings, limits: Partial<StoreLimits> = {}): ObjectStore {
  const { repeatable, streaming } = createS3Clients(settings)
  const Bucket = settings.bucket
  const waits = { stallMs: settings.timeoutMs * PATIENCE.body, commitMs: settings.timeoutMs * PATIENCE.commit }
  const allLimits = { ...S3_LIMITS, ...waits, ...limits }

  return {
    features: settings.features,
    limits: allLimits,

    async head(key) {
      try {
        const found = await repeatable.send(new HeadObjectCommand({ Bucket, Key: key }))
        return infoOf(found)
      } catch (error) {
        if (isAbsent(error)) return null
        throw storageFault('read', key, error)
      }
    },

    async get(key) {
      try {
        const found = await repeatable.send(new GetObjectCommand({ Bucket, Key: key }))
        if (found.Body === undefined) throw new Error('an answer without a body')
        return { ...infoOf(found), bytes: await within(settings.timeoutMs, found.Body.transformToByteArray()) }
      } catch (error) {
        if (isAbsent(error)) return null
        throw storageFault('read', key, error)
      }
    },

    async open(key) {
      try {
        const { Body } = await repeatable.send(new GetObjectCommand({ Bucket, Key: key }))
        if (Body === undefined) throw new Error('an answer without a body')
        return Body.transformToWebStream() as ReadableStream<Uint8Array>
      } catch (error) {
        if (isAbsent(error)) return null
        throw storageFault('read', key, error)
      }
    },

    async put(key, bytes, { contentType, metadata } = {}) {
      try {
        await repeatable.send(
          new PutObjectCommand({
            Bucket,
            Key: key,
            Body: bytes,
            ContentLength: bytes.length,
            ContentType: contentType ?? 'application/octet-stream',
            ...(metadata === undefined ? {} : { Metadata: { ...metadata } }),
          }),
        )
      } catch (error) {
        throw storageFault('write', key, error)
      }
    },

    async putStream(key, body, size, sha256) {
      const checksum =
        sha256 === undefined || !settings.features.has('checksum-sha256') ? null : encodeBase64(decodeHex(sha256))
      try {
        await streaming.send(
          new PutObjectCommand({
            Bucket,
            Key: key,
            Body: body as never, // the SDK's type for a stream is the browser's
            ContentLength: size,
            ContentType: 'application/octet-stream',
            ...(checksum === null ? {} : { ChecksumSHA256: checksum }),
          }),
        )
      } catch (error) {
        if (checksum !== null && isChecksumRefusal(error)) throw new RegistryError('DIGEST_INVALID', { cause: error })
        throw storageFault('write', key, error)
      }
    },

    startMultipart: (key) => startS3Multipart(repeatable, Bucket, key),

    async copy(from, to, size) {
      try {
        if (size > allLimits.copyBytes) await copyByParts(repeatable, Bucket, from, to, size, allLimits)
        else await repeatable.send(new CopyObjectCommand({ Bucket, Key: to, CopySource: copySource(Bucket, from) }))
        return true
      } catch (error) {
        if (isAbsent(error)) return false
        throw storageFault('copy', from, error)
      }
    },

    async delete(key) {
      try {
        await repeatable.send(new DeleteObjectCommand({ Bucket, Key: key }))
      } catch (error) {
        if (!isAbsent(error)) throw storageFault('delete', key, error)
      }
    },

    async list(prefix, { after = '', limit }) {
      try {
        const found = await repeatable.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            MaxKeys: limit,
            ...(after === '' ? {} : { StartAfter: prefix + after }),
          }),
        )
        const objects = (found.Contents ?? []).map(({ Key = '', Size = 0 }) => ({ key: Key, size: Size }))
        return { objects, more: found.IsTruncated === true }
      } catch (error) {
        throw storageFault('list', prefix, error)
      }
    },

    async presignGet(key, now) {
      const command = new GetObjectCommand({ Bucket, Key: key })
      const signingDate = presignWindowStart(now)
      return new URL(await getSignedUrl(repeatable, command, { signingDate, expiresIn: PRESIGN_EXPIRY_SECONDS }))
    },
  }
}

interface Found {
  ContentLength?: number | undefined
  ContentType?: string | undefined
  Metadata?: Record<string, string> | undefined
  LastModified?: Date | undefined
}

function infoOf({ ContentLength, ContentType, Metadata, LastModified }: Found) {
  return {
    size: ContentLength ?? 0,
    contentType: ContentType ?? 'application/octet-stream',
    metadata: Metadata ?? {},
    lastModified: LastModified ?? new Date(0),
  }
}
