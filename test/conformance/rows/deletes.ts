import { textOf } from '../bytes.ts'
import { blobPath, expectBlob, expectNoBlob, pushBlob, pushSmallBlob } from '../blob-actions.ts'
import { equal, expectRefusal, expectStatus, unlessDeclined } from '../check.ts'
import type { Client } from '../client.ts'
import { digestOf, freshBytes, indexOf, manifestDescriptor, unknownDigest } from '../content.ts'
import {
  expectManifest,
  expectNoManifest,
  manifestPath,
  prepareImage,
  pushImage,
  pushManifest,
} from '../manifest-actions.ts'
import { must, should, type Row } from '../row.ts'
import { allTags } from './tags.ts'

const TAGS = 'Deleting tags'
const MANIFESTS = 'Deleting Manifests'
const BLOBS = 'Deleting Blobs'

/** Where deletion is disabled a row is skipped: 405 or 400, and UNSUPPORTED. */
export const DELETE_ROWS: readonly Row[] = [
  must('delete-1', '1.0', TAGS, 'DELETE of a tag is 202, the tag is gone, and nothing else', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'gone')
    await pushManifest(client, repository, 'stays', image)
    await deleteManifest(client, repository, 'gone')
    await expectNoManifest(client, repository, 'gone')
    for (const reference of ['stays', image.digest]) await expectManifest(client, repository, reference, image)
    equal(await allTags(client, repository), ['stays'], 'tags')
  }),

  must('delete-2', '1.0', TAGS, 'a tag that is gone can be made again', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'again')
    await deleteManifest(client, repository, 'again')
    await pushManifest(client, repository, 'again', image)
    await expectManifest(client, repository, 'again', image)
    equal(await allTags(client, repository), ['again'], 'tags')
  }),

  should('delete-3', '1.1', TAGS, 'DELETE of a tag that is not there is 404', async (client) => {
    const repository = client.repository()
    await pushImage(client, repository, 'v1')
    await deleteManifest(client, repository, 'v1')
    const answer = await client.send('DELETE', manifestPath(repository, 'v1'))
    expectRefusal(answer, [404], ['MANIFEST_UNKNOWN'])
  }),

  must('delete-4', '1.0', MANIFESTS, 'DELETE of a manifest is 202, and it is gone with its tags', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'one')
    await pushManifest(client, repository, 'two', image)
    const other = await pushImage(client, repository, 'other')
    await deleteManifest(client, repository, image.digest)
    for (const reference of [image.digest, 'one', 'two']) await expectNoManifest(client, repository, reference)
    for (const reference of [other.digest, 'other']) await expectManifest(client, repository, reference, other)
    equal(await allTags(client, repository), ['other'], 'tags')
  }),

  must('delete-5', '1.0', MANIFESTS, 'DELETE of a manifest that is not there is 404', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    const answer = await client.send('DELETE', manifestPath(repository, unknownDigest()))
    expectRefusal(unlessDeclined(answer, 'deletion of manifests'), [404], ['MANIFEST_UNKNOWN'])
    await deleteManifest(client, repository, image.digest)
    const again = await client.send('DELETE', manifestPath(repository, image.digest))
    expectRefusal(again, [404], ['MANIFEST_UNKNOWN'])
  }),

  must('delete-6', '1.0', MANIFESTS, 'DELETE in a repository that nobody has pushed to is 404', async (client) => {
    const image = await pushImage(client, client.repository(), 'v1')
    const answer = await client.send('DELETE', manifestPath(client.repository(), image.digest))
    expectRefusal(unlessDeclined(answer, 'deletion of manifests'), [404], ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'])
  }),

  must('delete-7', '1.0', MANIFESTS, 'a manifest stays in the other repositories that have it', async (client) => {
    const [one, other] = [client.repository(), client.repository()]
    const image = await pushImage(client, one, 'v1')
    await copyParts(client, one, other, image.bytes)
    await pushManifest(client, other, 'v1', image)
    await deleteManifest(client, one, image.digest)
    await expectNoManifest(client, one, 'v1')
    for (const reference of ['v1', image.digest]) await expectManifest(client, other, reference, image)
  }),

  should(
    'delete-8',
    'main',
    MANIFESTS,
    'a manifest that an index names can be deleted, and the index first',
    async (client) => {
      const repository = client.repository()
      const image = await prepareImage(client, repository)
      await pushManifest(client, repository, image.digest, image)
      const index = indexOf([manifestDescriptor(image)])
      await pushManifest(client, repository, 'index', index)
      await deleteManifest(client, repository, image.digest)
      await expectNoManifest(client, repository, image.digest)
      await deleteManifest(client, repository, index.digest)
      await expectNoManifest(client, repository, 'index')
    },
  ),

  must('delete-9', '1.0', MANIFESTS, 'a manifest that is gone can be pushed again', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    await deleteManifest(client, repository, image.digest)
    await expectNoManifest(client, repository, 'v1')
    await pushManifest(client, repository, 'v2', image)
    for (const reference of ['v2', image.digest]) await expectManifest(client, repository, reference, image)
    await expectNoManifest(client, repository, 'v1')
  }),

  must('delete-10', '1.0', BLOBS, 'DELETE of a blob is 202, and it is gone', async (client) => {
    const repository = client.repository()
    const { digest } = await pushSmallBlob(client, repository)
    const other = await pushSmallBlob(client, repository)
    await deleteBlob(client, repository, digest)
    await expectNoBlob(client, repository, digest)
    await expectBlob(client, blobPath(repository, other.digest), other.bytes)
  }),

  must('delete-11', '1.0', BLOBS, 'DELETE of a blob that is not there is 404', async (client) => {
    const repository = client.repository()
    const { digest } = await pushSmallBlob(client, repository)
    const answer = await client.send('DELETE', blobPath(repository, unknownDigest()))
    expectRefusal(unlessDeclined(answer, 'deletion of blobs'), [404], ['BLOB_UNKNOWN'])
    await deleteBlob(client, repository, digest)
    expectRefusal(await client.send('DELETE', blobPath(repository, digest)), [404], ['BLOB_UNKNOWN'])
  }),

  must('delete-12', '1.0', BLOBS, 'a blob stays in the other repositories that have it', async (client) => {
    const [one, other] = [client.repository(), client.repository()]
    const bytes = freshBytes(99)
    for (const repository of [one, other]) await pushBlob(client, repository, bytes)
    await deleteBlob(client, one, digestOf(bytes))
    await expectNoBlob(client, one, digestOf(bytes))
    await expectBlob(client, blobPath(other, digestOf(bytes)), bytes)
  }),

  must('delete-13', '1.0', BLOBS, 'a blob that is gone can be pushed again', async (client) => {
    const repository = client.repository()
    const { digest, bytes } = await pushSmallBlob(client, repository)
    await deleteBlob(client, repository, digest)
    equal(await pushBlob(client, repository, bytes), digest, 'digest')
    await expectBlob(client, blobPath(repository, digest), bytes)
  }),

  should('delete-14', '1.1', BLOBS, 'a blob is deleted by its sha512 digest', async (client) => {
    const repository = client.repository()
    const digest = await pushBlob(client, repository, freshBytes(77), 'sha512')
    await deleteBlob(client, repository, digest)
    await expectNoBlob(client, repository, digest)
  }),
]

export async function deleteManifest(client: Client, repository: string, reference: string): Promise<void> {
  const answer = await client.send('DELETE', manifestPath(repository, reference))
  expectStatus(unlessDeclined(answer, 'deletion of tags and manifests'), 202)
}

async function deleteBlob(client: Client, repository: string, digest: string): Promise<void> {
  expectStatus(unlessDeclined(await client.send('DELETE', blobPath(repository, digest)), 'deletion of blobs'), 202)
}

/** Pushes an image's blobs to another repository, as they are pulled from the first. */
async function copyParts(client: Client, from: string, to: string, image: Uint8Array): Promise<void> {
  const { config, layers } = JSON.parse(textOf(image)) as {
    config: { digest: string }
    layers: readonly { digest: string }[]
  }
  for (const { digest } of [config, ...layers]) {
    const pulled = expectStatus(await client.send('GET', blobPath(from, digest)), 200)
    await pushBlob(client, to, pulled.bytes)
  }
}
