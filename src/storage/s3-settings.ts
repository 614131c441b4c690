import type { StoreFeature } from './object-store.ts'

/** Where the bucket is, and how it is spoken to. docs/settings.md tells what each is for. */
export interface S3Settings {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  readonly pathStyle: boolean
  readonly features: ReadonlySet<StoreFeature>
  /**
   * How long an ordinary request may take until its answer begins, and a stream may stand still. Copies and large
   * bodies may take a multiple.
   */
  readonly timeoutMs: number
}
