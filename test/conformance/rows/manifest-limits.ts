import { expectRefusal, expectStatus, equal, Declined, holds } from '../check.ts'
import type { Client } from '../client.ts'
import {
  CONFIG,
  descriptorOf,
  digestOf,
  freshBytes,
  imageOf,
  INDEX,
  indexOf,
  LAYER,
  manifestDescriptor,
  type Manifest,
} from '../content.ts'
import {
  expectDigestHeader,
  expectManifest,
  expectManifestBytes,
  expectNoManifest,
  getManifest,
  prepareImage,
  pushImage,
  pushManifest,
  pushParts,
  putManifest,
} from '../manifest-actions.ts'
import { may, must, should, type Row } from '../row.ts'

const PUSHING = 'Pushing Manifests'

/** No registry is known to take more. */
const TOO_LARGE_BYTES = 17 * 1024 * 1024

/** How large a manifest may be, what may be missing, and more tags than one. */
export const MANIFEST_LIMIT_ROWS: readonly Row[] = [
  should('limit-1', '1.1', PUSHING, 'a manifest of four megabytes is taken', async (client) => {
    const repository = client.repository()
    const image = await imageOfSize(client, repository, 4_000_000)
    await pushManifest(client, repository, 'large', image)
    for (const reference of ['large', image.digest]) await expectManifest(client, repository, reference, image)
  }),

  should('limit-2', '1.1', PUSHING, 'a manifest over the limit is 413, and nothing is kept', async (client) => {
    const repository = client.repository()
    const image = await imageOfSize(client, repository, TOO_LARGE_BYTES)
    const answer = await putManifest(client, repository, 'huge', image)
    expectRefusal(answer, [413], ['SIZE_INVALID', 'MANIFEST_INVALID', 'TOOMANYREQUESTS', 'DENIED'])
    for (const reference of ['huge', image.digest]) await expectNoManifest(client, repository, reference)
  }),

  must(
    'missing-1',
    '1.1',
    'Push',
    'an image whose blobs are missing is refused with MANIFEST_BLOB_UNKNOWN, or taken whole',
    async (client) => {
      const repository = client.repository()
      const { layer } = await pushParts(client, repository)
      const image = imageOf(descriptorOf(CONFIG, freshBytes(9)), [layer, descriptorOf(LAYER, freshBytes(8))])
      const codes = await expectSparseRefused(client, repository, image)
      equal(codes, ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'], 'codes for two missing blobs')
    },
  ),

  must(
    'missing-2',
    '1.1',
    'Push',
    'an index whose manifests are missing is refused with MANIFEST_BLOB_UNKNOWN, or taken whole',
    async (client) => {
      const repository = client.repository()
      const image = await pushImage(client, repository, null)
      const absent = imageOf(descriptorOf(CONFIG, freshBytes(9)), [])
      const index = indexOf([manifestDescriptor(image), manifestDescriptor(absent)])
      await expectSparseRefused(client, repository, index)
    },
  ),

  must('missing-3', '1.1', 'Push', 'blobs of another repository are missing in this one', async (client) => {
    const [one, other] = [client.repository(), client.repository()]
    const image = await prepareImage(client, one)
    await pushParts(client, other)
    await expectSparseRefused(client, other, image)
  }),

  should(
    'mismatch-1',
    '1.1',
    PUSHING,
    'a mediaType that is not the Content-Type is refused, or Content-Type is given back',
    async (client) => {
      const repository = client.repository()
      const image = await prepareImage(client, repository)
      const answer = await putManifest(client, repository, 'odd', { ...image, mediaType: INDEX })
      if (answer.status === 201) {
        expectManifestBytes(await getManifest(client, repository, 'odd'), { ...image, mediaType: INDEX })
        return
      }
      expectRefusal(answer, [400], ['MANIFEST_INVALID'])
      await expectNoManifest(client, repository, 'odd')
    },
  ),

  may('tags-1', 'main', PUSHING, 'PUT by digest with ?tag= makes those tags, and says so', async (client) => {
    await expectTagged(client, ['a', 'b.2', '_c'])
  }),

  should('tags-2', 'main', PUSHING, 'ten tags may be named at once', async (client) => {
    await expectTagged(
      client,
      Array.from({ length: 10 }, (_, at) => `t${at}`),
    )
  }),

  may('tags-3', 'main', PUSHING, 'more tags than the registry takes are 414, and none is made', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    await unlessNoTags(client, repository, image)
    const tags = Array.from({ length: 300 }, (_, at) => `t${at}`)
    const answer = await putManifest(client, repository, `${image.digest}?${queryOf(tags)}`, image)
    if (answer.status === 201) {
      equal(tagsOf(answer.values('OCI-Tag')), tags, 'OCI-Tag')
      await expectManifest(client, repository, 't299', image)
    } else {
      expectRefusal(answer, [414], ['TAG_INVALID', 'UNSUPPORTED', 'MANIFEST_INVALID'])
      for (const tag of ['t0', 't299']) await expectNoManifest(client, repository, tag)
    }
  }),

  may('tags-4', 'main', PUSHING, 'of tags that cannot be, none is made', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    await unlessNoTags(client, repository, image)
    const answer = await putManifest(client, repository, `${image.digest}?${queryOf(['good', '.bad'])}`, image)
    if (answer.status === 201) {
      equal(tagsOf(answer.values('OCI-Tag')), ['good'], 'OCI-Tag')
      await expectManifest(client, repository, 'good', image)
    } else {
      expectRefusal(answer, [400], ['TAG_INVALID', 'MANIFEST_INVALID', 'NAME_INVALID'])
      await expectNoManifest(client, repository, 'good')
    }
  }),

  may('tags-5', 'main', PUSHING, 'a tag made with a sha512 digest names that digest', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    await unlessNoTags(client, repository, image)
    const digest = digestOf(image.bytes, 'sha512')
    expectStatus(await putManifest(client, repository, `${digest}?tag=long`, image), 201)
    await expectManifest(client, repository, 'long', image)
    expectDigestHeader(await getManifest(client, repository, 'long'), digest)
  }),
]

/** One with exactly so many bytes. */
async function imageOfSize(client: Client, repository: string, size: number): Promise<Manifest> {
  const { config, layer } = await pushParts(client, repository)
  const build = (fill: number) => imageOf(config, [layer], { annotations: { 'org.example.fill': 'x'.repeat(fill) } })
  const image = build(size - build(0).bytes.length)
  equal(image.bytes.length, size, 'bytes of the manifest made here')
  return image
}

/** Refused, with nothing kept: the codes. A registry that takes the manifest must have it, and skips the row. */
async function expectSparseRefused(client: Client, repository: string, manifest: Manifest) {
  const answer = await putManifest(client, repository, 'sparse', manifest)
  if (answer.status === 201) {
    await expectManifest(client, repository, 'sparse', manifest)
    throw new Declined('manifests are taken whose content is missing')
  }
  const codes = expectRefusal(answer, [400, 404], ['MANIFEST_BLOB_UNKNOWN'])
  for (const reference of ['sparse', manifest.digest]) await expectNoManifest(client, repository, reference)
  return codes
}

async function expectTagged(client: Client, tags: readonly string[]): Promise<void> {
  const repository = client.repository()
  const image = await prepareImage(client, repository)
  await unlessNoTags(client, repository, image)
  const answer = await putManifest(client, repository, `${image.digest}?${queryOf(tags)}`, image)
  equal(tagsOf(expectStatus(answer, 201).values('OCI-Tag')), tags, 'OCI-Tag')
  for (const tag of tags) await expectManifest(client, repository, tag, image)
}

/** Skips the row where a push with `?tag=` makes none, and says none. */
async function unlessNoTags(client: Client, repository: string, image: Manifest): Promise<void> {
  const answer = expectStatus(await putManifest(client, repository, `${image.digest}?tag=probe`, image), 201)
  if (answer.values('OCI-Tag').length > 0) return
  await expectNoManifest(client, repository, 'probe')
  throw new Declined('a push by digest makes no tags')
}

function queryOf(tags: readonly string[]): string {
  return tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join('&')
}

/** One header with a list and several headers mean the same. */
function tagsOf(values: readonly string[]): readonly string[] {
  const tags = values.flatMap((value) => value.split(',')).map((tag) => tag.trim())
  holds(new Set(tags).size === tags.length, tags, 'each tag once')
  return tags
}
