/**
 * The bucket, as the registry sees it: strongly consistent, and a write is whole or not there. Sizes are bytes. An
 * absent object is `null`; whatever else goes wrong is thrown as a `RegistryError` `UNAVAILABLE`, after the
 * adapter's own retries. Contract: test/contract/object-store.ts. Keys: keys.ts and docs/storage-schema.md.
 */
export interface ObjectStore {
  /** What a store does beyond the common ground; see `StoreFeature`. */
  readonly features: ReadonlySet<StoreFeature>
  readonly limits: StoreLimits

  head(key: string): Promise<ObjectInfo | null>
  /** The whole object, in memory: for records and manifests. */
  get(key: string): Promise<StoredObject | null>
  /** The object's bytes as they come; the stream fails when storage does. */
  open(key: string): Promise<ReadableStream<Uint8Array> | null>

  /** Stores `bytes` whole, replacing what was there. Small objects: it may be sent more than once. */
  put(key: string, bytes: Uint8Array, attributes?: ObjectAttributes): Promise<void>

  /**
   * Stores exactly `size` bytes from `body`; if it fails or ends early, nothing is stored. Never repeated.
   *
   * @param size at most `limits.putBytes`
   * @param sha256 lowercase hex, for a store with the feature `checksum-sha256`
   * @throws {RegistryError} `DIGEST_INVALID` when the store finds that the bytes do not have that sha256
   */
  putStream(key: string, body: ReadableStream<Uint8Array>, size: number, sha256?: string): Promise<void>

  /** For bytes whose number is not known, or above `limits.putBytes`. Nothing is there before `complete`. */
  startMultipart(key: string): Promise<MultipartUpload>

  /**
   * @param size of the object at `from`; above `limits.copyBytes` it is copied by parts
   * @returns false when there is no object at `from`
   */
  copy(from: string, to: string, size: number): Promise<boolean>

  /** Also when there is no such object. */
  delete(key: string): Promise<void>

  /** Keys that begin with `prefix` and come after `prefix + after`, in byte order. One listing. */
  list(prefix: string, page: ListPage): Promise<Listing>

  /**
   * A URL from which anyone can GET the object until it expires, `Range` included. The same for all who ask within
   * one window of `PRESIGN_WINDOW_SECONDS`, so that caches can hit. No I/O.
   */
  presignGet(key: string, now: Date): Promise<URL>
}

/**
 * Off unless the operator says so (setting `S3_FEATURES`), since a wrong guess loses data or fails every write:
 * - `checksum-sha256`: refuses a PUT whose bytes do not have the `x-amz-checksum-sha256` it came with
 */
export type StoreFeature = 'checksum-sha256'

export interface StoreLimits {
  /** Largest object of one PUT. */
  readonly putBytes: number
  /** Largest object that one request copies. */
  readonly copyBytes: number
  /** Size of every part of a multipart upload but the last. One is held in memory, and one more on its way. */
  readonly partBytes: number
  /** Most parts of one upload. */
  readonly parts: number
  /** How long storage may take for the next piece of a stream, in milliseconds. */
  readonly stallMs: number
  /** How long it may take to store a stream for good after its last piece, in milliseconds. */
  readonly commitMs: number
}

export interface ObjectAttributes {
  readonly contentType?: string
  /** Lowercase names, ASCII values. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface ObjectInfo {
  readonly size: number
  readonly contentType: string
  readonly metadata: Readonly<Record<string, string>>
  readonly lastModified: Date
}

export interface StoredObject extends ObjectInfo {
  readonly bytes: Uint8Array
}

export interface MultipartUpload {
  /** Parts count from 1, come in order, and have `partBytes` each but the last. It may be sent more than once. */
  putPart(bytes: Uint8Array): Promise<void>
  complete(): Promise<void>
  /** Drops what was sent. Never throws: what stays behind is the bucket's lifecycle rule's. */
  abort(): Promise<void>
}

export interface ListPage {
  readonly after?: string
  readonly limit: number
}

export interface Listing {
  readonly objects: readonly { readonly key: string; readonly size: number }[]
  readonly more: boolean
}

/** Windows in which a presigned URL stays the same. */
export const PRESIGN_WINDOW_SECONDS = 30 * 60

/** From the window's start: a URL given at its very end still holds for half an hour. */
export const PRESIGN_EXPIRY_SECONDS = 2 * PRESIGN_WINDOW_SECONDS

export function presignWindowStart(now: Date): Date {
  const windowMs = PRESIGN_WINDOW_SECONDS * 1000
  return new Date(Math.floor(now.getTime() / windowMs) * windowMs)
}
