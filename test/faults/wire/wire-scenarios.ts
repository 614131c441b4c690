import { bytesOf, digestOf, pushBlob, putManifest } from '../../suites/client.ts'
import { imageNamed, pull, push, remove } from '../manifests.ts'
import { CONFIG, LAYER, STABLE, type Scenario } from '../scenario.ts'
import { cancel, mount } from '../sessions.ts'
import { uploadScenario } from '../uploads.ts'

/** Less than S3 wants of a part, so that sixteen cases at once do not wait for each other. */
const PART_BYTES = 2 ** 20

const REAL = { limits: { partBytes: PART_BYTES } }

const CHECKED = { ...REAL, features: ['checksum-sha256'] } as const

const LARGE = PART_BYTES + 100_000
const MOUNTED = bytesOf(100)
const [OLD, NEW] = [imageNamed('old'), imageNamed('new')]

export interface WireScenario extends Scenario {
  /** Whether blobs are PUT as streams, which exist once. */
  readonly streams?: boolean
}

/** One of each shape of upload, and of each other action. */
export const WIRE_SCENARIOS: readonly WireScenario[] = [
  uploadScenario('POST with the blob', 1000, { options: REAL }),
  { ...uploadScenario('POST, PUT', LARGE, { options: REAL, name: 'streamed' }), streams: true },
  uploadScenario('POST, PATCH, PUT', 1000, { options: REAL }),
  uploadScenario('POST, PATCH of unknown length, PUT', LARGE, { options: REAL, name: 'by parts' }),
  uploadScenario('POST, PATCH, PUT', 250_000, { options: { limits: { copyBytes: 100_000 } }, name: 'copied by parts' }),
  uploadScenario('POST, PATCHes in chunks, PUT with the last', 3000, { options: REAL }),
  { ...uploadScenario('POST with the blob', 300_000, { options: CHECKED, name: 'checked by it' }), streams: true },
  {
    name: 'manifest PUT, a tag that moves',
    async prepare(registry) {
      await putManifest(registry, 'app', 'latest', OLD)
    },
    watched: [{ repository: 'app', tag: 'latest', images: [OLD, NEW], blobs: [CONFIG, LAYER] }],
    operation: () => push({ manifest: NEW, tag: 'latest' }),
  },
  {
    name: 'manifest DELETE, with its tag',
    async prepare(registry) {
      await putManifest(registry, 'app', 'gone', OLD)
    },
    operation: () =>
      remove(`/v2/app/manifests/${OLD.digest}`, [`/v2/app/manifests/${OLD.digest}`, '/v2/app/manifests/gone']),
  },
  {
    name: 'mount',
    async prepare(registry) {
      await pushBlob(registry, 'holding', MOUNTED)
    },
    operation: () => mount(MOUNTED, '&from=holding'),
  },
  { name: 'cancel', options: REAL, operation: () => cancel(200) },
  { name: 'pull', operation: () => pull(STABLE.digest, STABLE) },
  {
    name: 'blob DELETE',
    async prepare(registry) {
      await pushBlob(registry, 'app', MOUNTED)
    },
    operation: () => remove(`/v2/app/blobs/${digestOf(MOUNTED)}`, [`/v2/app/blobs/${digestOf(MOUNTED)}`]),
  },
]
