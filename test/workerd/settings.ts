import { inject } from 'vitest'

import type { S3Settings as NodeS3Settings } from '../../src/node/store.ts'
import type { StoreFeature } from '../../src/storage/object-store.ts'
import type { S3Settings } from '../../src/storage/s3-settings.ts'

const ceph = inject('cephS3')

/** The embedded store, as the Worker is told of it. */
export const S3 = settingsOf(inject('s3'))

/** Every real storage that the tests know; `null` for one that this machine does not have. */
export const STORAGES: readonly (readonly [name: string, settings: S3Settings | null])[] = [
  ['the embedded store', S3],
  ['Ceph', ceph && settingsOf(ceph)],
  ['a storage that checks digests', settingsOf(inject('checkingS3'), 'checksum-sha256')],
]

function settingsOf({ pathStyle, ...s3 }: NodeS3Settings, ...features: StoreFeature[]): S3Settings {
  return { ...s3, pathStyle: pathStyle === 'true', features: new Set(features), timeoutMs: 10_000 }
}
