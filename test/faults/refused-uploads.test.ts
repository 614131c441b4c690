import { bytesOf, closing, digestOf, pushBlob } from '../suites/client.ts'
import type { ClientRequest } from './client.ts'
import { describeSweep } from './describe-sweep.ts'
import type { Scenario } from './scenario.ts'
import { append, begin, refused, refusedUpload, SHAPE_NAMES, SMALL } from './uploads.ts'

const BYTES = bytesOf(200)
const OTHER = bytesOf(200)
const WRONG = digestOf(OTHER)

const CHECKED = { ...SMALL, features: ['checksum-sha256'] } as const

/** What is wrong with a body, and how it is refused. */
const BODIES: readonly (readonly [name: string, body: Omit<ClientRequest, 'method' | 'path'>, refusal: string])[] = [
  ['breaks off', { body: BYTES.slice(0, 150), length: 200, breaks: true }, '400 BLOB_UPLOAD_INVALID'],
  ['breaks off, of unknown length', { body: BYTES, length: null, breaks: true }, '400 BLOB_UPLOAD_INVALID'],
  ['is too short', { body: BYTES.slice(0, 150), length: 200 }, '400 SIZE_INVALID'],
  ['is too long', { body: BYTES, length: 150 }, '400 SIZE_INVALID'],
]

describeSweep(
  'uploads under a wrong digest',
  SHAPE_NAMES.map((name) => ({
    name,
    options: SMALL,
    operation: () => refusedUpload(name, { bytes: BYTES, digest: WRONG }),
  })),
)

describeSweep('uploads under the digest of what another repository has', [
  ...(['POST, PUT', 'POST, PATCH, PUT', 'POST, PATCHes in chunks, PUT with the last'] as const).map(
    (name): Scenario => ({
      name,
      options: SMALL,
      async prepare(registry) {
        await pushBlob(registry, 'holding', OTHER)
      },
      operation: () => refusedUpload(name, { bytes: BYTES, digest: WRONG }),
    }),
  ),
])

describeSweep('uploads under a wrong digest to a storage that checks digests', [
  {
    name: 'POST with the blob',
    options: CHECKED,
    operation: () => refusedUpload('POST with the blob', { bytes: BYTES, digest: WRONG }),
  },
])

describeSweep(
  'uploads whose body is not what it says',
  BODIES.flatMap(([what, body, refusal]): Scenario[] => [
    {
      name: `POST, PUT: it ${what}`,
      options: SMALL,
      operation: () =>
        refused(digestOf(BYTES), refusal, async (client) => {
          await client.send({ method: 'PUT', path: closing(await begin(client), digestOf(BYTES)), ...body }, 201)
        }),
    },
    {
      name: `POST, PATCH: it ${what}`,
      options: SMALL,
      operation: () =>
        refused(digestOf(BYTES), refusal, async (client) => {
          await append(client, { path: await begin(client), ...body })
        }),
    },
  ]),
)
