import { concat } from '../bytes.ts'
import {
  blobPath,
  closing,
  expectBlob,
  expectNoBlob,
  expectPushed,
  locationOf,
  neverBegun,
  pushBlob,
  pushSmallBlob,
  sendBytes,
  sessionOf,
  startUpload,
  uploadsPath,
} from '../blob-actions.ts'
import { equal, expectHeader, expectRefusal, expectStatus, headerOf, holds } from '../check.ts'
import type { Client } from '../client.ts'
import { digestOf, freshBytes, unknownDigest } from '../content.ts'
import { must, should, type Row } from '../row.ts'

const POST_PUT = 'POST then PUT'
const PUSHING = 'Pushing blobs'

/** More than one part of S3, and no round number. */
const LARGE_BYTES = 6 * 1024 * 1024 + 321

export const UPLOAD_ROWS: readonly Row[] = [
  must('push-1', '1.0', POST_PUT, 'POST answers 202 and where to push', async (client) => {
    const repository = client.repository()
    const location = await startUpload(client, repository)
    const bytes = freshBytes(100)
    const answer = await sendBytes(client, 'PUT', closing(location, digestOf(bytes)), bytes)
    await expectPushed(client, answer, repository, bytes)
  }),

  must('push-2', '1.0', POST_PUT, 'each upload URL has a UUID of its own', async (client) => {
    const repository = client.repository()
    const found = []
    for (let time = 0; time < 3; time++) found.push(sessionOf(await startUpload(client, repository)))
    await expectPushedAnew(client, repository)
    holds(new Set(found.filter((uuid) => uuid !== null)).size === 3, found, 'three UUIDs')
  }),

  should('push-3', 'docker', POST_PUT, 'the 202 has Range 0-0, the session and no content', async (client) => {
    const repository = client.repository()
    await expectPushedAnew(client, repository)
    const answer = expectStatus(await client.send('POST', uploadsPath(repository)), 202)
    expectHeader(answer, 'Range', '0-0')
    expectHeader(answer, 'Content-Length', '0')
    const session = headerOf(answer, 'Docker-Upload-UUID')
    holds(locationOf(answer).includes(session), session, 'the session of the Location')
  }),

  should('push-4', 'docker', POST_PUT, 'upload and blob URLs are absolute, or begin with a slash', async (client) => {
    const repository = client.repository()
    const opened = expectStatus(await client.send('POST', uploadsPath(repository)), 202)
    const bytes = freshBytes(50)
    const closed = await sendBytes(client, 'PUT', closing(locationOf(opened), digestOf(bytes)), bytes)
    for (const answer of [opened, expectStatus(closed, 201)]) {
      const location = headerOf(answer, 'Location')
      holds(/^(https?:\/\/[^/]|\/[^/])/.test(location), location, 'a URL, or a path from the root') // containerd
    }
    await expectPushed(client, closed, repository, bytes)
  }),

  must('push-5', '1.0', POST_PUT, 'PUT of the whole blob answers 201 and where to pull it', async (client) => {
    const repository = client.repository()
    for (const bytes of [freshBytes(1), freshBytes(70_000), freshBytes(LARGE_BYTES)]) {
      const location = await startUpload(client, repository)
      const answer = await sendBytes(client, 'PUT', closing(location, digestOf(bytes)), bytes)
      await expectPushed(client, answer, repository, bytes)
    }
  }),

  should('push-6', 'docker', POST_PUT, 'the 201 names the digest', async (client) => {
    const repository = client.repository()
    const bytes = freshBytes(60)
    const location = await startUpload(client, repository)
    const answer = await sendBytes(client, 'PUT', closing(location, digestOf(bytes)), bytes)
    await expectPushed(client, answer, repository, bytes)
    expectHeader(answer, 'Docker-Content-Digest', digestOf(bytes)) // containerd gives up without it
  }),

  must('push-7', '1.0', POST_PUT, 'the digest in the query may be percent-encoded or not', async (client) => {
    const repository = client.repository()
    for (const spell of [(digest: string) => digest, encodeURIComponent]) {
      const bytes = freshBytes(80)
      const location = await startUpload(client, repository)
      const url = `${location}${location.includes('?') ? '&' : '?'}digest=${spell(digestOf(bytes))}`
      await expectPushed(client, await sendBytes(client, 'PUT', url, bytes), repository, bytes)
    }
  }),

  should('push-8', 'main', PUSHING, 'bytes of another digest are 400, and nothing is kept', async (client) => {
    const repository = client.repository()
    await pushSmallBlob(client, repository)
    for (const size of [90, LARGE_BYTES]) {
      const [bytes, wrong] = [freshBytes(size), unknownDigest()]
      const location = await startUpload(client, repository)
      const answer = await sendBytes(client, 'PUT', closing(location, wrong), bytes)
      expectRefusal(answer, [400], ['DIGEST_INVALID'])
      for (const digest of [wrong, digestOf(bytes)]) await expectNoBlob(client, repository, digest)
    }
  }),

  should('push-9', 'main', PUSHING, 'a closing PUT without a digest is 400', async (client) => {
    const repository = client.repository()
    const bytes = freshBytes(30)
    const location = await startUpload(client, repository)
    expectRefusal(await sendBytes(client, 'PUT', location, bytes), [400], ['DIGEST_INVALID'])
    await expectPushedAnew(client, repository)
    await expectNoBlob(client, repository, digestOf(bytes))
  }),

  should('push-10', 'main', PUSHING, 'a digest of no known form or algorithm is 400', async (client) => {
    const repository = client.repository()
    await pushSmallBlob(client, repository)
    for (const wrong of ['', 'latest', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `md5:${'0'.repeat(32)}`]) {
      const location = await startUpload(client, repository)
      const answer = await sendBytes(client, 'PUT', closing(location, wrong), freshBytes(30))
      expectRefusal(answer, [400], ['DIGEST_INVALID'])
    }
  }),

  should('push-11', '1.1', PUSHING, 'a blob may be pushed under its sha512 digest', async (client) => {
    const repository = client.repository()
    for (const size of [0, 500, LARGE_BYTES]) {
      const bytes = freshBytes(size)
      const digest = digestOf(bytes, 'sha512')
      const answer = await sendBytes(client, 'PUT', closing(await startUpload(client, repository), digest), bytes)
      await expectPushed(client, answer, repository, bytes, 'sha512')
      equal(
        answer.values('Docker-Content-Digest').every((found) => found === digest),
        true,
        'digest header is sha512',
      )
    }
  }),

  should('push-12', 'main', PUSHING, 'bytes of another sha512 digest are 400', async (client) => {
    const repository = client.repository()
    const [bytes, wrong] = [freshBytes(90), unknownDigest('sha512')]
    await pushBlob(client, repository, bytes, 'sha512')
    const answer = await sendBytes(client, 'PUT', closing(await startUpload(client, repository), wrong), bytes)
    expectRefusal(answer, [400], ['DIGEST_INVALID'])
    await expectNoBlob(client, repository, wrong)
  }),

  should(
    'push-13',
    'main',
    'Pushing a blob in chunks',
    'digest-algorithm=sha512 begins such an upload',
    async (client) => {
      const repository = client.repository()
      const bytes = freshBytes(400)
      const opened = await client.send('POST', `${uploadsPath(repository)}?digest-algorithm=sha512`)
      const url = closing(locationOf(expectStatus(opened, 202)), digestOf(bytes, 'sha512'))
      await expectPushed(client, await sendBytes(client, 'PUT', url, bytes), repository, bytes, 'sha512')
    },
  ),

  should('push-14', 'main', PUSHING, 'a digest-algorithm that is unknown is 400', async (client) => {
    const repository = client.repository()
    await pushSmallBlob(client, repository)
    for (const algorithm of ['md5', 'sha256:', 'no+such']) {
      const query = `?digest-algorithm=${encodeURIComponent(algorithm)}`
      const answer = await client.send('POST', uploadsPath(repository) + query)
      expectRefusal(answer, [400], ['DIGEST_INVALID', 'UNSUPPORTED', 'BLOB_UPLOAD_INVALID'])
    }
  }),

  should(
    'push-15',
    'docker',
    POST_PUT,
    'bytes of unknown length may be PATCHed, and closed by an empty PUT',
    async (client) => {
      const repository = client.repository()
      for (const pieces of [[freshBytes(1000), freshBytes(3)], [freshBytes(LARGE_BYTES)]]) {
        const bytes = concat(pieces)
        const patched = await sendBytes(client, 'PATCH', await startUpload(client, repository), pieces)
        expectHeader(expectStatus(patched, 202), 'Range', `0-${bytes.length - 1}`)
        const answer = await sendBytes(client, 'PUT', closing(locationOf(patched), digestOf(bytes)))
        await expectPushed(client, answer, repository, bytes)
      }
    },
  ),

  should('push-16', 'docker', POST_PUT, 'a PATCH of known length needs no Content-Range', async (client) => {
    const repository = client.repository()
    const bytes = freshBytes(5000)
    const patched = await sendBytes(client, 'PATCH', await startUpload(client, repository), bytes)
    expectHeader(expectStatus(patched, 202), 'Range', '0-4999')
    const answer = await sendBytes(client, 'PUT', closing(locationOf(patched), digestOf(bytes)))
    await expectPushed(client, answer, repository, bytes)
  }),

  should(
    'push-17',
    'docker',
    POST_PUT,
    'PATCHed bytes of another digest are 400, and nothing is kept',
    async (client) => {
      const repository = client.repository()
      await pushSmallBlob(client, repository)
      const [bytes, wrong] = [freshBytes(5000), unknownDigest()]
      const patched = expectStatus(
        await sendBytes(client, 'PATCH', await startUpload(client, repository), [bytes]),
        202,
      )
      const answer = await sendBytes(client, 'PUT', closing(locationOf(patched), wrong))
      expectRefusal(answer, [400], ['DIGEST_INVALID'])
      for (const digest of [wrong, digestOf(bytes)]) await expectNoBlob(client, repository, digest)
    },
  ),

  must(
    'push-18',
    '1.0',
    'Layer Upload De-duplication',
    'a blob may be pushed again, and twice at once',
    async (client) => {
      const repository = client.repository()
      const bytes = freshBytes(3000)
      await pushBlob(client, repository, bytes)
      await Promise.all([1, 2, 3].map(() => pushBlob(client, repository, bytes)))
      await expectBlob(client, blobPath(repository, digestOf(bytes)), bytes)
      const fresh = freshBytes(LARGE_BYTES)
      await Promise.all([1, 2].map(() => pushBlob(client, repository, fresh)))
      await expectBlob(client, blobPath(repository, digestOf(fresh)), fresh)
    },
  ),

  should('push-19', 'main', 'API', 'a client that waits for 100 Continue is told to go on', async (client) => {
    const repository = client.repository()
    const bytes = freshBytes(2000)
    const url = closing(await startUpload(client, repository), digestOf(bytes))
    const answer = await sendBytes(client, 'PUT', url, bytes, { Expect: '100-continue' })
    await expectPushed(client, answer, repository, bytes)
  }),

  must('push-20', '1.0', 'Endpoints', 'an upload that was never begun is 404', async (client) => {
    const repository = client.repository()
    const location = await startUpload(client, repository)
    const unknown = neverBegun(location)
    const digest = unknownDigest()
    for (const answer of [
      await client.send('GET', unknown),
      await sendBytes(client, 'PATCH', unknown, freshBytes(10), { 'Content-Range': '0-9' }),
      await sendBytes(client, 'PUT', closing(unknown, digest), freshBytes(10)),
    ])
      expectRefusal(answer, [404], ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID'])
  }),
]

/** A push that works, through to the pull: this is a registry that keeps what it takes. */
async function expectPushedAnew(client: Client, repository: string): Promise<void> {
  const { digest, bytes } = await pushSmallBlob(client, repository)
  await expectBlob(client, blobPath(repository, digest), bytes)
}
