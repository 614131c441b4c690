import {
  closing,
  expectNoBlob,
  expectPushed,
  neverBegun,
  pushSmallBlob,
  sendBytes,
  startUpload,
  uploadsPath,
} from '../blob-actions.ts'
import { Declined, expectRefusal, expectStatus } from '../check.ts'
import {
  expectChunk,
  expectProgress,
  minimumOf,
  sendChunk,
  startChunked,
  type ChunkedUpload,
} from '../chunk-actions.ts'
import type { Client } from '../client.ts'
import { digestOf, freshBytes, unknownDigest } from '../content.ts'
import { must, should, type Row } from '../row.ts'

const CHUNKS = 'Pushing a blob in chunks'
const CANCEL = 'Cancel a blob upload'
const OUT_OF_ORDER = ['RANGE_INVALID', 'BLOB_UPLOAD_INVALID', 'SIZE_INVALID'] as const

export const CHUNK_ROWS: readonly Row[] = [
  must('chunk-1', '1.0', CHUNKS, 'a chunk is 202, with the range so far and the next URL', async (client) => {
    const upload = await startChunked(client, 1)
    const next = await expectChunk(client, upload, upload.location, 0, upload.size)
    await finish(client, upload, next, upload.size)
  }),

  must('chunk-2', '1.0', CHUNKS, 'chunks in order, all by PATCH, make the blob', async (client) => {
    const upload = await startChunked(client, 2)
    const { size, bytes, repository } = upload
    let next = await expectChunk(client, upload, upload.location, 0, size)
    next = await expectChunk(client, upload, next, size, 2 * size)
    next = await expectChunk(client, upload, next, 2 * size, bytes.length)
    await expectPushed(client, await sendBytes(client, 'PUT', closing(next, digestOf(bytes))), repository, bytes)
  }),

  must('chunk-3', '1.0', CHUNKS, 'the last chunk may come with the closing PUT', async (client) => {
    const upload = await startChunked(client, 2)
    let next = await expectChunk(client, upload, upload.location, 0, upload.size)
    next = await expectChunk(client, upload, next, upload.size, 2 * upload.size)
    await finish(client, upload, next, 2 * upload.size)
  }),

  must('chunk-4', '1.0', CHUNKS, 'one chunk may be the whole blob', async (client) => {
    const upload = await startChunked(client, 0)
    const { bytes, repository } = upload
    const next = await expectChunk(client, upload, upload.location, 0, bytes.length)
    await expectPushed(client, await sendBytes(client, 'PUT', closing(next, digestOf(bytes))), repository, bytes)
  }),

  must('chunk-5', '1.0', CHUNKS, 'a first chunk that is not at 0 is 416, and the upload goes on', async (client) => {
    const upload = await startChunked(client, 2)
    await expectOutOfOrder(client, upload, upload.location, upload.size, 2 * upload.size)
    const next = await expectChunk(client, upload, await expectProgress(client, upload.location, 0), 0, 2 * upload.size)
    await finish(client, upload, next, 2 * upload.size)
  }),

  must('chunk-6', '1.0', CHUNKS, 'a chunk after a gap is 416, and the upload goes on', async (client) => {
    const upload = await startChunked(client, 1)
    const { size, bytes } = upload
    let next = await expectChunk(client, upload, upload.location, 0, size)
    await expectOutOfOrder(client, upload, next, size + 7, bytes.length)
    next = await expectProgress(client, next, size)
    await finish(client, upload, next, size)
  }),

  must('chunk-7', '1.0', CHUNKS, 'a chunk that was taken already is 416, and the upload goes on', async (client) => {
    const upload = await startChunked(client, 1)
    const next = await expectChunk(client, upload, upload.location, 0, upload.size)
    await expectOutOfOrder(client, upload, upload.location, 0, upload.size) // with the URL that it had then
    await expectOutOfOrder(client, upload, next, 0, upload.size)
    await finish(client, upload, await expectProgress(client, next, upload.size), upload.size)
  }),

  must(
    'chunk-8',
    '1.0',
    CHUNKS,
    'a chunk that begins inside the last one is 416, and the upload goes on',
    async (client) => {
      const upload = await startChunked(client, 1)
      const next = await expectChunk(client, upload, upload.location, 0, upload.size)
      await expectOutOfOrder(client, upload, next, upload.size - 5, upload.bytes.length)
      await finish(client, upload, await expectProgress(client, next, upload.size), upload.size)
    },
  ),

  must('chunk-9', 'main', CHUNKS, 'a closing PUT out of order is 416, and the upload goes on', async (client) => {
    const upload = await startChunked(client, 1)
    const { size, bytes } = upload
    const next = await expectChunk(client, upload, upload.location, 0, size)
    const answer = await sendChunk(client, upload, closing(next, digestOf(bytes)), size + 9, bytes.length, 'PUT')
    expectRefusal(answer, [416], OUT_OF_ORDER)
    await finish(client, upload, await expectProgress(client, next, size), size)
  }),

  must(
    'chunk-10',
    '1.1',
    CHUNKS,
    'GET of any of its URLs is 204, with the range so far and the next URL',
    async (client) => {
      const upload = await startChunked(client, 2)
      const urls = [upload.location, await expectProgress(client, upload.location, 0)]
      for (const end of [upload.size, 2 * upload.size]) {
        urls.push(await expectChunk(client, upload, urls.at(-1) ?? '', end - upload.size, end))
        for (const url of urls) await expectProgress(client, url, end)
      }
      await finish(client, upload, await expectProgress(client, upload.location, 2 * upload.size), 2 * upload.size)
    },
  ),

  must(
    'chunk-11',
    '1.1',
    'Resumable Push',
    'a client that has lost an answer asks, and goes on from there',
    async (client) => {
      const upload = await startChunked(client, 1)
      await sendChunk(client, upload, upload.location, 0, upload.size) // whose answer nobody has read
      const next = await expectProgress(client, upload.location, upload.size)
      await finish(client, upload, next, upload.size)
    },
  ),

  should('chunk-12', 'docker', CHUNKS, 'a chunk whose length is not its range is refused', async (client) => {
    const upload = await startChunked(client, 1)
    const headers = { 'Content-Range': `0-${upload.size - 2}` }
    const answer = await sendBytes(client, 'PATCH', upload.location, upload.bytes.subarray(0, upload.size), headers)
    expectRefusal(answer, [400, 416], [...OUT_OF_ORDER])
    await finish(client, upload, await expectProgress(client, upload.location, 0), 0)
  }),

  should('chunk-13', 'docker', CHUNKS, 'a Content-Range of another form is refused', async (client) => {
    const upload = await startChunked(client, 0)
    for (const range of ['first-last', '0', '76-0', '-5', '0-76-80']) {
      const answer = await sendBytes(client, 'PATCH', upload.location, upload.bytes, { 'Content-Range': range })
      expectRefusal(answer, [400, 416], [...OUT_OF_ORDER])
    }
    await finish(client, upload, await expectProgress(client, upload.location, 0), 0)
  }),

  should(
    'chunk-14',
    '1.1',
    CHUNKS,
    'a least length of chunks is a number, and not for the last one',
    async (client) => {
      const answer = expectStatus(await client.send('POST', uploadsPath(client.repository())), 202)
      if (minimumOf(answer) === null) throw new Declined('chunks may have any length')
      const upload = await startChunked(client, 1)
      const { size, bytes, repository } = upload
      const next = await expectChunk(client, upload, upload.location, 0, size)
      const last = await expectChunk(client, upload, next, size, bytes.length)
      await expectPushed(client, await sendBytes(client, 'PUT', closing(last, digestOf(bytes))), repository, bytes)
    },
  ),

  should(
    'chunk-15',
    'main',
    'Pushing blobs',
    'chunks of another digest are 400, and nothing is kept',
    async (client) => {
      const upload = await startChunked(client, 1)
      const { repository, size, bytes } = upload
      await pushSmallBlob(client, repository)
      const next = await expectChunk(client, upload, upload.location, 0, size)
      const wrong = unknownDigest()
      const answer = await sendChunk(client, upload, closing(next, wrong), size, bytes.length, 'PUT')
      expectRefusal(answer, [400], ['DIGEST_INVALID'])
      for (const digest of [wrong, digestOf(bytes)]) await expectNoBlob(client, repository, digest)
    },
  ),

  should('chunk-16', '1.1', CHUNKS, 'chunks make a blob under its sha512 digest', async (client) => {
    const upload = await startChunked(client, 1)
    const { repository, size, bytes } = upload
    const next = await expectChunk(client, upload, upload.location, 0, size)
    const url = closing(next, digestOf(bytes, 'sha512'))
    const answer = await sendChunk(client, upload, url, size, bytes.length, 'PUT')
    await expectPushed(client, answer, repository, bytes, 'sha512')
  }),

  must('chunk-17', '1.0', 'Endpoints', 'an upload that is closed takes no more', async (client) => {
    const upload = await startChunked(client, 1)
    const { size, bytes } = upload
    const next = await expectChunk(client, upload, upload.location, 0, size)
    await finish(client, upload, next, size)
    const headers = { 'Content-Range': `${bytes.length}-${bytes.length + 9}` }
    const late = await sendBytes(client, 'PATCH', next, freshBytes(10), headers)
    expectRefusal(late, [404], ['BLOB_UPLOAD_UNKNOWN'])
    expectRefusal(await client.send('GET', next), [404], ['BLOB_UPLOAD_UNKNOWN'])
  }),

  should('chunk-18', 'docker', CHUNKS, 'GET of a URL with the digest that was to close it is 204', async (client) => {
    const upload = await startChunked(client, 1)
    const next = await expectChunk(client, upload, upload.location, 0, upload.size)
    await finish(client, upload, await expectProgress(client, closing(next, unknownDigest()), upload.size), upload.size)
  }),

  should('cancel-1', 'main', CANCEL, 'DELETE of an upload is 204, and then it is gone', async (client) => {
    const upload = await startChunked(client, 1)
    const next = await expectChunk(client, upload, upload.location, 0, upload.size)
    await expectProgress(client, next, upload.size)
    expectStatus(await client.send('DELETE', next), 204)
    expectRefusal(await client.send('GET', next), [404], ['BLOB_UPLOAD_UNKNOWN'])
    const late = await sendChunk(client, upload, next, upload.size, upload.bytes.length)
    expectRefusal(late, [404], ['BLOB_UPLOAD_UNKNOWN'])
  }),

  should('cancel-2', 'main', CANCEL, 'DELETE of an upload that has no bytes yet is 204', async (client) => {
    const location = await startUpload(client, client.repository())
    await expectProgress(client, location, 0)
    expectStatus(await client.send('DELETE', location), 204)
  }),

  should('cancel-3', 'main', CANCEL, 'DELETE of an upload that never was is 404', async (client) => {
    const location = await startUpload(client, client.repository())
    const answer = await client.send('DELETE', neverBegun(location))
    expectRefusal(answer, [400, 404], ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID'])
    await expectProgress(client, location, 0)
  }),
]

async function expectOutOfOrder(client: Client, upload: ChunkedUpload, url: string, start: number, end: number) {
  expectRefusal(await sendChunk(client, upload, url, start, end), [416], OUT_OF_ORDER)
}

/** Sends what is left with the closing PUT, and pulls the whole. */
async function finish(client: Client, upload: ChunkedUpload, url: string, start: number): Promise<void> {
  const { bytes, repository } = upload
  const answer = await sendChunk(client, upload, closing(url, digestOf(bytes)), start, bytes.length, 'PUT')
  await expectPushed(client, answer, repository, bytes)
}
