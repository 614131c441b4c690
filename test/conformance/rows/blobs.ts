import { blobPath, expectBlob, expectNoBlob, pushBlob, pushSmallBlob } from '../blob-actions.ts'
import { equal, expectHeader, expectRefusal, expectStatus, headerOf } from '../check.ts'
import type { Client } from '../client.ts'
import { ALGORITHMS, digestOf, EMPTY_BYTES, freshBytes, freshText, unknownDigest } from '../content.ts'
import { expectDigestHeader } from '../manifest-actions.ts'
import { must, should, type Row } from '../row.ts'

const PULLING = 'Pulling blobs'
const CHECKING = 'Checking if content exists in the registry'

export const BLOB_ROWS: readonly Row[] = [
  must('blob-1', '1.0', PULLING, 'GET of a blob answers 200 and its very bytes', async (client) => {
    const repository = client.repository()
    for (const bytes of [freshBytes(2048), freshText(5000), freshBytes(1)])
      await expectBlob(client, blobPath(repository, await pushBlob(client, repository, bytes)), bytes)
  }),

  must('blob-2', 'main', PULLING, 'GET of a blob names its digest, here or on the redirect', async (client) => {
    const repository = client.repository()
    const { digest, bytes } = await pushSmallBlob(client, repository)
    expectDigestHeader(await expectBlob(client, blobPath(repository, digest), bytes), digest)
  }),

  should(
    'blob-3',
    'main',
    'API',
    'GET of a blob has its exact length, and is not compressed on the way',
    async (client) => {
      const repository = client.repository()
      for (const bytes of [freshText(9000), freshBytes(3000)]) {
        const answer = await expectBlob(client, blobPath(repository, await pushBlob(client, repository, bytes)), bytes)
        expectHeader(answer, 'Content-Length', String(bytes.length))
        equal(answer.values('Content-Encoding'), [], 'Content-Encoding')
      }
    },
  ),

  must('blob-4', '1.0', PULLING, 'a blob of no bytes and the empty object are blobs', async (client) => {
    const repository = client.repository()
    for (const bytes of [new Uint8Array(), EMPTY_BYTES]) {
      const path = blobPath(repository, await pushBlob(client, repository, bytes))
      await expectBlob(client, path, bytes)
      expectHeader(expectStatus(await client.head(path), 200), 'Content-Length', String(bytes.length))
    }
  }),

  must('blob-5', '1.0', PULLING, 'GET of a blob that is not there is 404', async (client) => {
    const repository = client.repository()
    await pushSmallBlob(client, repository)
    expectRefusal(await client.send('GET', blobPath(repository, unknownDigest())), [404], ['BLOB_UNKNOWN'])
  }),

  must('blob-6', '1.0', PULLING, 'a repository that nobody has pushed to has no blob', async (client) => {
    const { digest } = await pushSmallBlob(client, client.repository())
    const answer = await client.send('GET', blobPath(client.repository(), digest))
    expectRefusal(answer, [404], ['BLOB_UNKNOWN', 'NAME_UNKNOWN'])
  }),

  must('blob-7', '1.1', PULLING, 'a blob is in the repository it was pushed to, and in no other', async (client) => {
    const [one, other] = [client.repository(), client.repository()]
    const { digest, bytes } = await pushSmallBlob(client, one)
    await pushSmallBlob(client, other)
    await expectNoBlob(client, other, digest)
    await expectBlob(client, blobPath(one, digest), bytes)
  }),

  should('blob-8', '1.0', PULLING, 'a digest that is none is refused', async (client) => {
    const repository = client.repository()
    const { digest } = await pushSmallBlob(client, repository)
    for (const wrong of [
      digest.slice(0, -1),
      `${digest}0`,
      digest.replace(/.$/, 'G'),
      `sha256:${'A'.repeat(64)}`,
      'x:y',
    ])
      expectRefusal(
        await client.send('GET', blobPath(repository, wrong)),
        [400, 404],
        ['DIGEST_INVALID', 'BLOB_UNKNOWN'],
      )
  }),

  should('blob-9', '1.1', PULLING, 'a blob pushed under its sha512 digest is pulled under it', async (client) => {
    const repository = client.repository()
    const bytes = freshBytes(700)
    const digest = await pushBlob(client, repository, bytes, 'sha512')
    const path = blobPath(repository, digest)
    expectDigestHeader(await expectBlob(client, path, bytes), digest)
    expectDigestHeader(expectStatus(await client.head(path), 200), digest)
    await expectNoBlob(client, repository, unknownDigest('sha512'))
  }),

  must('head-1', '1.0', CHECKING, 'HEAD of a blob answers 200, and nothing after the headers', async (client) => {
    for (const { answer } of await heads(client)) equal(answer.bytes.length, 0, 'bytes after the headers')
  }),

  must('head-2', 'main', CHECKING, 'HEAD of a blob has its length', async (client) => {
    for (const { answer, size } of await heads(client)) expectHeader(answer, 'Content-Length', String(size))
  }),

  must('head-3', 'main', CHECKING, 'HEAD of a blob names its digest', async (client) => {
    for (const { answer, digest } of await heads(client)) expectDigestHeader(answer, digest)
  }),

  must('head-4', '1.0', CHECKING, 'HEAD of a blob that is not there is 404, without a body', async (client) => {
    const repository = client.repository()
    const { digest } = await pushSmallBlob(client, repository)
    expectStatus(await client.head(blobPath(repository, digest)), 200)
    for (const algorithm of ALGORITHMS) {
      const answer = expectStatus(await client.head(blobPath(repository, unknownDigest(algorithm))), 404)
      equal(answer.bytes.length, 0, 'bytes after the headers')
    }
  }),

  should('range-1', '1.1', PULLING, 'bytes=500-1499 gives those', range('bytes=500-1499', 500, 1499)),
  should('range-2', '1.1', PULLING, 'bytes=500- gives all from there', range('bytes=500-', 500, 2047)),
  should('range-3', '1.1', PULLING, 'bytes=-500 gives the last 500', range('bytes=-500', 1548, 2047)),
  should(
    'range-4',
    '1.1',
    PULLING,
    'a range that ends too late ends with the blob',
    range('bytes=2000-5000', 2000, 2047),
  ),
  should('range-5', '1.1', PULLING, 'bytes=0-0 gives one byte', range('bytes=0-0', 0, 0)),

  should('range-6', '1.1', PULLING, 'a range behind the end is 416', async (client) => {
    const { answer } = await pullRange(client, 'bytes=5000-10000')
    expectStatus(answer, 416)
  }),

  should('range-7', '1.1', PULLING, 'a range that ends before it begins is 416, or no range', async (client) => {
    const { answer, bytes } = await pullRange(client, 'bytes=500-0')
    if (expectStatus(answer, 200, 416).status === 200) equal(answer.bytes, bytes, 'bytes')
  }),

  should('range-8', 'main', 'API', 'a range in a unit that nobody knows is no range', async (client) => {
    const { answer, bytes } = await pullRange(client, 'lines=1-2')
    equal(expectStatus(answer, 200).bytes, bytes, 'bytes')
  }),
]

/** HEAD of a few blobs of different sizes, each 200 and really there. */
async function heads(client: Client) {
  const repository = client.repository()
  const found = []
  for (const size of [0, 1, 4321]) {
    const bytes = freshBytes(size)
    const path = blobPath(repository, await pushBlob(client, repository, bytes))
    found.push({ digest: digestOf(bytes), size, answer: expectStatus(await client.head(path), 200) })
    await expectBlob(client, path, bytes)
  }
  return found
}

async function pullRange(client: Client, header: string) {
  const repository = client.repository()
  const bytes = freshBytes(2048)
  const digest = await pushBlob(client, repository, bytes)
  const path = blobPath(repository, digest)
  await expectBlob(client, path, bytes)
  return { bytes, answer: await client.send('GET', path, { headers: { Range: header } }) }
}

/** The part of a blob of 2048 bytes, both ends included. */
function range(header: string, first: number, last: number): Row['run'] {
  return async (client) => {
    const { bytes, answer } = await pullRange(client, header)
    equal(expectStatus(answer, 206).bytes, bytes.subarray(first, last + 1), 'bytes of the part')
    expectHeader(answer, 'Content-Length', String(last + 1 - first))
    const found = headerOf(answer, 'Content-Range').replace('/*', '/2048')
    equal(found, `bytes ${first}-${last}/2048`, 'Content-Range')
  }
}
