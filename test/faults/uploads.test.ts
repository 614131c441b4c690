import { bytesOf, digestOf, pushBlob } from '../suites/client.ts'
import { describeSweep } from './describe-sweep.ts'
import { SHAPE_NAMES, uploadScenario, upload, type ShapeName } from './uploads.ts'

/** Sent from memory, streamed in one PUT if the length is known, and by parts. */
const SIZES = [40, 200, 300]

const WHOLE = SHAPE_NAMES.filter((shape) => !shape.includes('chunks'))

/** A part, and more than one hop of what is streamed. */
const LARGE = { limits: { partBytes: 100_000, putBytes: 700_000 } }
const LARGE_BYTES = 600_000

const CHECKED = { limits: { partBytes: 64, putBytes: 256 }, features: ['checksum-sha256'] } as const

describeSweep(
  'uploads',
  WHOLE.flatMap((shape) => SIZES.map((size) => uploadScenario(shape, size))),
)

describeSweep('uploads of sha512', [
  uploadScenario('POST, PUT', 200, { algorithm: 'sha512' }),
  uploadScenario('POST, PATCH, PUT', 40, { algorithm: 'sha512' }),
])

describeSweep('uploads to a storage that checks digests', [
  ...SIZES.map((size) => uploadScenario('POST with the blob', size, { options: CHECKED })),
  uploadScenario('POST, PUT', 200, { options: CHECKED, algorithm: 'sha512' }),
  uploadScenario('POST, PATCH, PUT', 200, { options: CHECKED }),
])

describeSweep('uploads of nothing', [uploadScenario('POST, PUT', 0), uploadScenario('POST, PATCH, PUT', 0)])

describeSweep('uploads of several hops', [
  uploadScenario('POST, PUT', LARGE_BYTES, { options: LARGE }),
  uploadScenario('POST, PATCH, PUT', LARGE_BYTES, { options: LARGE }),
])

describeSweep(
  'uploads of what the registry has',
  (['POST, PUT', 'POST, PUT of unknown length', 'POST, PATCH, PUT'] satisfies ShapeName[]).map((shape) => {
    const bytes = bytesOf(200)
    return uploadScenario(shape, 200, {
      async prepare(registry) {
        await pushBlob(registry, 'holding', bytes)
      },
      operation: () => upload(shape, { bytes, digest: digestOf(bytes) }),
    })
  }),
)
