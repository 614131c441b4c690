import { randomUUID } from 'node:crypto'

import { equal, expectRefusal, expectStatus, headerOf, holds } from './check.ts'
import { absolute, type Client, type SendOptions } from './client.ts'
import { digestOf, freshBytes, type Algorithm } from './content.ts'
import type { Answer } from './http.ts'

const UUID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i
const OCTETS = { 'Content-Type': 'application/octet-stream' }

export function blobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`
}

export function uploadsPath(repository: string): string {
  return `/v2/${repository}/blobs/uploads/`
}

/** The answer's one `Location`, absolute. */
export function locationOf(answer: Answer): string {
  return absolute(headerOf(answer, 'Location'), answer.url)
}

/** A `Location` with the digest that closes the upload; what it carries already stays. */
export function closing(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
}

/** The session that an upload URL names; `null` when it names none. */
export function sessionOf(location: string): string | null {
  return UUID.exec(location)?.[0] ?? null
}

/** The URL of an upload, with the session of another one, which nobody has begun. */
export function neverBegun(location: string): string {
  const other = location.replace(UUID, randomUUID())
  holds(other !== location, location, 'a UUID in the upload URL')
  return other
}

export async function startUpload(client: Client, repository: string): Promise<string> {
  return locationOf(expectStatus(await client.send('POST', uploadsPath(repository)), 202))
}

/** Sends bytes to an upload URL: PATCH for a chunk, PUT with the digest for the last. */
export function sendBytes(
  client: Client,
  method: 'PATCH' | 'PUT',
  url: string,
  body: SendOptions['body'] = null,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return client.send(method, url, { body, headers: body === null ? headers : { ...OCTETS, ...headers } })
}

/** Pushes in the plainest way, POST then PUT, and answers the digest. */
export async function pushBlob(
  client: Client,
  repository: string,
  bytes: Uint8Array,
  algorithm: Algorithm = 'sha256',
): Promise<string> {
  const digest = digestOf(bytes, algorithm)
  const location = await startUpload(client, repository)
  expectStatus(await sendBytes(client, 'PUT', closing(location, digest), bytes), 201)
  return digest
}

/** A blob of a few fresh bytes, pushed: the repository exists from now on. */
export async function pushSmallBlob(
  client: Client,
  repository: string,
): Promise<{ digest: string; bytes: Uint8Array }> {
  const bytes = freshBytes(64)
  return { digest: await pushBlob(client, repository, bytes), bytes }
}

/** GET of a blob by its path, or by the `Location` of its push: 200, and byte for byte what was pushed. */
export async function expectBlob(client: Client, target: string, bytes: Uint8Array): Promise<Answer> {
  const answer = expectStatus(await client.send('GET', target), 200)
  equal(answer.bytes.length, bytes.length, 'bytes of the blob')
  equal(digestOf(answer.bytes), digestOf(bytes), 'sha256 of the bytes of the blob')
  return answer
}

/** An answer of 201 whose `Location` gives the blob, as its own path does. */
export async function expectPushed(
  client: Client,
  answer: Answer,
  repository: string,
  bytes: Uint8Array,
  algorithm: Algorithm = 'sha256',
): Promise<void> {
  await expectBlob(client, locationOf(expectStatus(answer, 201)), bytes)
  await expectBlob(client, blobPath(repository, digestOf(bytes, algorithm)), bytes)
}

/** The repository, which has other content, has no such blob. */
export async function expectNoBlob(client: Client, repository: string, digest: string): Promise<void> {
  const path = blobPath(repository, digest)
  expectRefusal(await client.send('GET', path), [404], ['BLOB_UNKNOWN'])
  equal((await client.head(path)).status, 404, 'status of HEAD')
}
