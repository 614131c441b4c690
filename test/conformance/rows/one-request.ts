import {
  blobPath,
  closing,
  expectBlob,
  expectNoBlob,
  expectPushed,
  locationOf,
  pushSmallBlob,
  sendBytes,
  startUpload,
  uploadsPath,
} from '../blob-actions.ts'
import { Declined, equal, expectHeader, expectRefusal, expectStatus, holds } from '../check.ts'
import type { Client } from '../client.ts'
import { digestOf, freshBytes, unknownDigest, type Algorithm } from '../content.ts'
import type { Answer } from '../http.ts'
import { may, must, should, type Row } from '../row.ts'

const SINGLE = 'Single POST'
const MOUNT = 'Mounting a blob from another repository'
const LARGE_BYTES = 6 * 1024 * 1024 + 77

/** Blobs that come by one POST: with their bytes, or from another repository. */
export const ONE_REQUEST_ROWS: readonly Row[] = [
  may('post-1', '1.0', SINGLE, 'POST of the whole blob is 201', async (client) => {
    for (const size of [0, 90, LARGE_BYTES]) await expectPostedOrDeclined(client, freshBytes(size), 'sha256')
  }),

  may('post-2', '1.1', SINGLE, 'POST of the whole blob under its sha512 digest is 201', async (client) => {
    await expectPostedOrDeclined(client, freshBytes(90), 'sha512')
  }),

  should(
    'post-3',
    '1.0',
    SINGLE,
    'a registry that takes no blob by POST alone answers 202, and takes it by PUT',
    async (client) => {
      const repository = client.repository()
      const bytes = freshBytes(120)
      const answer = await postBlob(client, repository, digestOf(bytes), bytes)
      if (expectStatus(answer, 201, 202).status === 201) return expectPushed(client, answer, repository, bytes)
      await pushSmallBlob(client, repository)
      await expectNoBlob(client, repository, digestOf(bytes)) // not yet acknowledged, so not there
      const url = closing(locationOf(answer), digestOf(bytes))
      await expectPushed(client, await sendBytes(client, 'PUT', url, bytes), repository, bytes)
    },
  ),

  should(
    'post-4',
    'main',
    'Pushing blobs',
    'POST of bytes of another digest is 400, and nothing is kept',
    async (client) => {
      const repository = client.repository()
      await pushSmallBlob(client, repository)
      const [bytes, wrong] = [freshBytes(150), unknownDigest()]
      let answer = await postBlob(client, repository, wrong, bytes)
      if (answer.status === 202) answer = await sendBytes(client, 'PUT', closing(locationOf(answer), wrong), bytes)
      expectRefusal(answer, [400], ['DIGEST_INVALID'])
      for (const digest of [wrong, digestOf(bytes)]) await expectNoBlob(client, repository, digest)
    },
  ),

  should('post-5', 'main', 'Pushing blobs', 'POST with a digest that is none is 400', async (client) => {
    const repository = client.repository()
    await expectPostedOrDeclined(client, freshBytes(10), 'sha256')
    for (const wrong of ['sha256:abc', `md5:${'0'.repeat(32)}`])
      expectRefusal(await postBlob(client, repository, wrong, freshBytes(20)), [400], ['DIGEST_INVALID'])
  }),

  must(
    'mount-1',
    '1.0',
    MOUNT,
    'a blob of another repository is mounted with 201, and pulled from where it says',
    async (client) => {
      const { source, target, digest, bytes } = await twoRepositories(client)
      const answer = expectMounted(await mount(client, target, digest, source))
      await expectPushed(client, answer, target, bytes)
      await expectBlob(client, blobPath(source, digest), bytes)
    },
  ),

  should('mount-2', 'docker', MOUNT, 'the 201 names the path of the blob, and its digest', async (client) => {
    const { source, target, digest } = await twoRepositories(client)
    const answer = expectMounted(await mount(client, target, digest, source))
    equal(new URL(locationOf(answer)).pathname, blobPath(target, digest), 'path of the Location')
    expectHeader(answer, 'Docker-Content-Digest', digest)
  }),

  should(
    'mount-3',
    '1.0',
    MOUNT,
    'a blob that the other repository lacks is 202, an upload that works',
    async (client) => {
      const { source, target } = await twoRepositories(client)
      const bytes = freshBytes(200)
      const answer = await mount(client, target, digestOf(bytes), source)
      await expectUpload(client, answer, target, bytes)
    },
  ),

  should('mount-4', '1.0', MOUNT, 'a repository that is not there is 202, an upload that works', async (client) => {
    const bytes = freshBytes(200)
    const target = client.repository()
    await expectUpload(client, await mount(client, target, digestOf(bytes), client.repository()), target, bytes)
  }),

  may('mount-5', '1.1', MOUNT, 'without a source the blob is mounted if it can be found', async (client) => {
    const { target, digest, bytes } = await twoRepositories(client)
    const answer = await mount(client, target, digest, null)
    if (answer.status === 202) {
      await expectUpload(client, answer, target, bytes)
      throw new Declined('the registry looks for no source')
    }
    await expectPushed(client, answer, target, bytes)
  }),

  should(
    'mount-6',
    '1.1',
    MOUNT,
    'without a source a blob that is nowhere is 202, an upload that works',
    async (client) => {
      const target = client.repository()
      const bytes = freshBytes(210)
      await expectUpload(client, await mount(client, target, digestOf(bytes), null), target, bytes)
    },
  ),

  should('mount-7', 'main', 'Pushing blobs', 'mounting a digest that is none is 400', async (client) => {
    const { source, target, digest, bytes } = await twoRepositories(client)
    await expectBlob(client, blobPath(source, digest), bytes)
    expectRefusal(await mount(client, target, 'sha256:abc', source), [400], ['DIGEST_INVALID'])
  }),

  must('mount-8', '1.0', MOUNT, 'what was mounted stays when its source is deleted', async (client) => {
    const { source, target, digest, bytes } = await twoRepositories(client)
    expectMounted(await mount(client, target, digest, source))
    const deleted = await client.send('DELETE', blobPath(source, digest))
    if (deleted.status === 405) throw new Declined('blobs cannot be deleted')
    expectStatus(deleted, 202)
    await expectNoBlob(client, source, digest)
    await expectBlob(client, blobPath(target, digest), bytes)
  }),

  may('mount-9', '1.1', MOUNT, 'a blob is mounted by its sha512 digest', async (client) => {
    const [source, target] = [client.repository(), client.repository()]
    const bytes = freshBytes(300)
    const digest = digestOf(bytes, 'sha512')
    const url = closing(await startUpload(client, source), digest)
    expectStatus(await sendBytes(client, 'PUT', url, bytes), 201)
    await expectPushed(client, expectMounted(await mount(client, target, digest, source)), target, bytes, 'sha512')
  }),
]

function postBlob(client: Client, repository: string, digest: string, body: Uint8Array): Promise<Answer> {
  const headers = { 'Content-Type': 'application/octet-stream' }
  return client.send('POST', `${uploadsPath(repository)}?digest=${encodeURIComponent(digest)}`, { headers, body })
}

/** 201 and the blob; or a 202, which is checked to be no lie, and skips the row. */
async function expectPostedOrDeclined(client: Client, bytes: Uint8Array, algorithm: Algorithm): Promise<void> {
  const repository = client.repository()
  const digest = digestOf(bytes, algorithm)
  const answer = await postBlob(client, repository, digest, bytes)
  if (answer.status === 202) {
    const put = await sendBytes(client, 'PUT', closing(locationOf(answer), digest), bytes)
    await expectPushed(client, put, repository, bytes, algorithm)
    throw new Declined('blobs are not taken by one POST')
  }
  await expectPushed(client, answer, repository, bytes, algorithm)
}

function mount(client: Client, target: string, digest: string, source: string | null): Promise<Answer> {
  const query = new URLSearchParams({ mount: digest, ...(source === null ? {} : { from: source }) })
  return client.send('POST', `${uploadsPath(target)}?${query.toString()}`)
}

function expectMounted(answer: Answer): Answer {
  if (answer.status === 202) throw new Declined('blobs are not mounted')
  return expectStatus(answer, 201)
}

/** An answer of 202 that begins an upload in the repository. */
async function expectUpload(client: Client, answer: Answer, repository: string, bytes: Uint8Array): Promise<void> {
  const location = locationOf(expectStatus(answer, 202))
  holds(new URL(location).pathname.length > 1, location, 'an upload URL')
  const put = await sendBytes(client, 'PUT', closing(location, digestOf(bytes)), bytes)
  await expectPushed(client, put, repository, bytes)
}

/** One with a blob of its own, and one in which another blob has been pushed. */
async function twoRepositories(client: Client) {
  const [source, target] = [client.repository(), client.repository()]
  const { digest, bytes } = await pushSmallBlob(client, source)
  await pushSmallBlob(client, target)
  await expectNoBlob(client, target, digest)
  return { source, target, digest, bytes }
}
