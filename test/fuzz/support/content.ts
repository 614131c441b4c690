import { expect } from 'vitest'

import { digestOf, imageOf, indexOf, locationOf, pushBlob, putManifest, startUpload } from '../../suites/client.ts'
import type { RegistryUnderTest } from '../../suites/registry-under-test.ts'
import type { FuzzedBody, FuzzedRequest, Known } from './requests.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const CONFIG = bytes('{"architecture":"amd64"}')
const LAYER = bytes('a layer of mine')
export const IMAGE = imageOf(CONFIG, [LAYER])
export const INDEX = indexOf([IMAGE])
export const REFERRER = imageOf(CONFIG, [], {
  artifactType: 'application/sbom',
  subject: { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.text.length },
})

/** What only `secret/app` holds. Its layers' bytes are in no request that is made here: their digests may be. */
const SECRET_CONFIG = bytes('{"secret":"config, never pushed to mine"}')
const SECRET_LAYER = bytes('the secret layer, never pushed to mine')
const SECRET_IMAGE = imageOf(SECRET_CONFIG, [SECRET_LAYER])
const SECRET_REFERRER = imageOf(SECRET_CONFIG, [], {
  subject: { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.text.length },
})
/** Of secrets that are guessed at. */
const HALF_SECRET_IMAGE = imageOf(CONFIG, [SECRET_LAYER])
const SECRET_INDEX = indexOf([IMAGE, SECRET_IMAGE])

export const SECRET_DIGESTS = [
  digestOf(SECRET_LAYER),
  digestOf(SECRET_CONFIG),
  SECRET_IMAGE.digest,
  SECRET_REFERRER.digest,
]

const whole = (content: Uint8Array): FuzzedBody => ({ bytes: content, how: 'whole' })
const image = { headers: { 'Content-Type': IMAGE.mediaType }, body: whole(bytes(IMAGE.text)) }
const bare = { headers: {}, body: null }

const REQUESTS: readonly FuzzedRequest[] = [
  { method: 'GET', path: `/v2/mine/blobs/${digestOf(LAYER)}`, ...bare },
  { method: 'HEAD', path: `/v2/mine/blobs/${digestOf(CONFIG)}`, ...bare },
  { method: 'GET', path: '/v2/mine/manifests/latest', headers: { 'If-None-Match': `"${IMAGE.digest}"` }, body: null },
  { method: 'GET', path: `/v2/mine/manifests/${INDEX.digest}`, ...bare },
  { method: 'PUT', path: '/v2/mine/manifests/new', ...image },
  { method: 'PUT', path: `/v2/mine/manifests/${IMAGE.digest}?tag=a&tag=b`, ...image },
  { method: 'DELETE', path: '/v2/mine/manifests/latest', ...bare },
  { method: 'DELETE', path: `/v2/mine/manifests/${IMAGE.digest}`, ...bare },
  { method: 'GET', path: `/v2/mine/referrers/${IMAGE.digest}`, ...bare },
  { method: 'GET', path: '/v2/mine/tags/list?n=1', ...bare },
  {
    method: 'POST',
    path: `/v2/mine/blobs/uploads/?digest=${digestOf(LAYER, 'sha512')}`,
    headers: {},
    body: whole(LAYER),
  },
  { method: 'POST', path: `/v2/mine/sub/blobs/uploads/?mount=${digestOf(LAYER)}&from=mine`, ...bare },
  { method: 'PATCH', path: '{0}', headers: {}, body: whole(LAYER) },
  {
    method: 'PATCH',
    path: '{2}',
    headers: { 'Content-Range': `${LAYER.length}-${LAYER.length}` },
    body: whole(bytes('!')),
  },
  { method: 'PUT', path: `{1}&digest=${digestOf(LAYER)}`, ...bare },
  { method: 'PUT', path: `{2}&digest=${digestOf(LAYER)}`, ...bare },
  { method: 'GET', path: '{2}', ...bare },
  { method: 'DELETE', path: '{1}', ...bare },
]

export const KNOWN: Known = {
  requests: REQUESTS,
  repositories: ['mine', 'mine', 'mine', 'mine/sub', 'secret/app', 'v2/blobs/uploads', 'tags/list', 'a/manifests'],
  digests: [
    ...[digestOf(CONFIG), digestOf(LAYER), digestOf(LAYER, 'sha512'), digestOf('')],
    ...[IMAGE.digest, INDEX.digest, REFERRER.digest, digestOf(IMAGE.text, 'sha512')],
    ...SECRET_DIGESTS,
    digestOf('nowhere'),
  ],
  tags: ['latest', 'multi', 'hidden', 'new', IMAGE.digest.replace(':', '-')],
  bodies: [
    ...[CONFIG, LAYER, bytes('')],
    ...[IMAGE, INDEX, REFERRER, SECRET_IMAGE, HALF_SECRET_IMAGE, SECRET_INDEX, SECRET_REFERRER].map(({ text }) =>
      bytes(text),
    ),
  ],
  uploads: 3,
}

/**
 * Pushes it all: `mine` has a little of everything.
 *
 * @param secret whether `secret/app` is there
 * @returns the `Location`s of three uploads in `mine`: one just begun, one that a request has brought all of, one of
 *   two chunks
 */
export async function pushAll(registry: RegistryUnderTest, secret: boolean): Promise<readonly string[]> {
  await fill(registry, 'mine', [CONFIG, LAYER], { latest: IMAGE, multi: INDEX, [REFERRER.digest]: REFERRER })
  if (secret)
    await fill(registry, 'secret/app', [SECRET_CONFIG, SECRET_LAYER], {
      ...{ latest: SECRET_IMAGE, hidden: SECRET_IMAGE, [SECRET_REFERRER.digest]: SECRET_REFERRER },
    })
  return [
    await startUpload(registry, 'mine'),
    await uploadOf(registry, 'mine', [LAYER]),
    await uploadOf(registry, 'mine', [LAYER.slice(0, 4), LAYER.slice(4)]),
  ]
}

/** The `Location` after these chunks. */
export async function uploadOf(
  registry: RegistryUnderTest,
  repository: string,
  chunks: readonly Uint8Array[],
): Promise<string> {
  let location = await startUpload(registry, repository)
  for (const chunk of chunks) {
    const response = await registry.fetch(location, { method: 'PATCH', body: chunk as BodyInit })
    expect(response.status).toBe(202)
    location = locationOf(response)
  }
  return location
}

async function fill(
  registry: RegistryUnderTest,
  repository: string,
  blobs: readonly Uint8Array[],
  manifests: Readonly<Record<string, { text: string; mediaType: string }>>,
): Promise<void> {
  for (const blob of blobs) await pushBlob(registry, repository, blob)
  for (const [reference, manifest] of Object.entries(manifests))
    expect((await putManifest(registry, repository, reference, manifest)).status).toBe(201)
}
