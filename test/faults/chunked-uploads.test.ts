import { bytesOf, digestOf, pushBlob } from '../suites/client.ts'
import { describeSweep } from './describe-sweep.ts'
import { upload, uploadScenario } from './uploads.ts'

const EMPTY_CLOSE = 'POST, PATCHes in chunks, PUT'
const LAST_CLOSE = 'POST, PATCHes in chunks, PUT with the last'
const HELD = bytesOf(90)

describeSweep('chunked uploads', [
  uploadScenario(EMPTY_CLOSE, 40),
  uploadScenario(EMPTY_CLOSE, 200),
  uploadScenario(LAST_CLOSE, 40),
  uploadScenario(LAST_CLOSE, 200),
  uploadScenario(LAST_CLOSE, 300),
  uploadScenario(LAST_CLOSE, 100, { algorithm: 'sha512' }),
  uploadScenario(LAST_CLOSE, HELD.length, {
    name: 'which the registry has',
    async prepare(registry) {
      await pushBlob(registry, 'holding', HELD)
    },
    operation: () => upload(LAST_CLOSE, { bytes: HELD, digest: digestOf(HELD) }),
  }),
])
