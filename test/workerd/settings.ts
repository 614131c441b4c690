import { inject } from 'vitest'

import type { S3Settings } from '../../src/storage/s3-settings.ts'

const { pathStyle, ...s3 } = inject('s3')

/** The embedded store, as the Worker is told of it. */
export const S3: S3Settings = { ...s3, pathStyle: pathStyle === 'true', features: new Set(), timeoutMs: 10_000 }
