import { equal, expectHeader, expectStatus, headerOf, holds } from './check.ts'
import type { Client } from './client.ts'
import { locationOf, sendBytes, uploadsPath } from './blob-actions.ts'
import { freshBytes } from './content.ts'
import type { Answer } from './http.ts'

/** What chunks have where the registry sets no limit. */
const CHUNK_BYTES = 1024

/** An upload that has begun, and bytes for it in chunks as large as the registry wants them. */
export interface ChunkedUpload {
  readonly repository: string
  /** Of the POST. */
  readonly location: string
  /** Bytes of every chunk but the last. */
  readonly size: number
  readonly bytes: Uint8Array
}

/** @param chunks how many whole chunks there are bytes for; a few bytes more are for the last */
export async function startChunked(client: Client, chunks: number): Promise<ChunkedUpload> {
  const repository = client.repository()
  const answer = expectStatus(await client.send('POST', uploadsPath(repository)), 202)
  const size = Math.max(minimumOf(answer) ?? 0, CHUNK_BYTES)
  return { repository, location: locationOf(answer), size, bytes: freshBytes(chunks * size + 77) }
}

/** The least bytes of a chunk that the registry announces; `null` when it announces none. */
export function minimumOf(answer: Answer): number | null {
  if (answer.values('OCI-Chunk-Min-Length').length === 0) return null
  const text = headerOf(answer, 'OCI-Chunk-Min-Length')
  holds(/^[1-9]\d{0,14}$/.test(text), text, 'a number of bytes')
  return Number(text)
}

/**
 * One chunk of the upload's bytes, by its place.
 *
 * @param end not included
 */
export function sendChunk(
  client: Client,
  upload: ChunkedUpload,
  url: string,
  start: number,
  end: number,
  method: 'PATCH' | 'PUT' = 'PATCH',
): Promise<Answer> {
  const headers = { 'Content-Range': `${start}-${end - 1}` }
  return sendBytes(client, method, url, upload.bytes.subarray(start, end), headers)
}

/** A chunk that is taken: 202, the range so far, and the URL for the next one. */
export async function expectChunk(
  client: Client,
  upload: ChunkedUpload,
  url: string,
  start: number,
  end: number,
): Promise<string> {
  const answer = expectStatus(await sendChunk(client, upload, url, start, end), 202)
  expectHeader(answer, 'Range', `0-${end - 1}`)
  return locationOf(answer)
}

/**
 * The upload's state: 204, its range and the URL to go on with.
 *
 * @param received bytes so far. Of none the spec has no form, so any that can be read will do
 */
export async function expectProgress(client: Client, url: string, received: number): Promise<string> {
  const answer = expectStatus(await client.send('GET', url), 204)
  const range = headerOf(answer, 'Range')
  if (received === 0) holds(/^0-\d+$/.test(range), range, '0-<number>')
  else equal(range, `0-${received - 1}`, 'Range')
  equal(answer.bytes.length, 0, 'bytes of the body')
  return locationOf(answer)
}
