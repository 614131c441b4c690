import type { UploadSession } from '../../../src/registry/upload-session.ts'
import { closing, digestOf, locationOf } from '../../suites/client.ts'
import { APP } from './images.ts'
import { plainToken, type Client, type World } from './world.ts'

/** Smaller than some bodies of these tests, larger than others: they go by one PUT, by a stream, or by parts. */
export const PART_BYTES = 8

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text))
}

export function digestOfText(text: string): string {
  return digestOf(bytesOf(text))
}

/** The first `Location` of an upload, as many clients as you like may have it. */
export function firstLocation(id = '11111111-2222-4333-8444-555555555555'): string {
  const session: UploadSession = { id, repository: APP, offset: 0, whole: null }
  return `/v2/app/blobs/uploads/${id}?state=${plainToken(session)}`
}

interface Body {
  /** Whether the request says how long its body is; it does by default. */
  readonly sized?: boolean
  /** The offset that the request says its bytes have. */
  readonly first?: number
}

function headersOf(text: string, { sized = true, first }: Body): Record<string, string> {
  return {
    ...(sized && { 'Content-Length': String(text.length) }),
    ...(first !== undefined && { 'Content-Range': `${first}-${first + text.length - 1}` }),
  }
}

/** @returns the next `Location`; `null` if the bytes were not taken */
export async function patch(client: Client, location: string, text: string, body: Body = {}): Promise<string | null> {
  const init = { method: 'PATCH', body: bytesOf(text), headers: headersOf(text, body) }
  const response = await client.send({ kind: 'chunk' }, location, init)
  return response?.status === 202 ? locationOf(response) : null
}

/** @param last bytes that come with the closing request */
export async function close(client: Client, location: string, text: string, last = ''): Promise<number> {
  const digest = digestOfText(text)
  const body = last === '' ? {} : { body: bytesOf(last), headers: headersOf(last, {}) }
  const call = { kind: 'blob', repository: 'app', digest } as const
  return (await client.send(call, closing(location, digest), { method: 'PUT', ...body }))?.status ?? 0
}

export async function cancel(client: Client, location: string): Promise<number> {
  return (await client.send({ kind: 'cancel' }, location, { method: 'DELETE' }))?.status ?? 0
}

/** A whole blob in one request. */
export async function post(client: Client, repository: string, text: string, digest = digestOfText(text)) {
  const call = { kind: 'blob', repository, digest } as const
  const init = { method: 'POST', body: bytesOf(text), headers: headersOf(text, {}) }
  return (await client.send(call, `/v2/${repository}/blobs/uploads/?digest=${digest}`, init))?.status ?? 0
}

export async function mount(client: Client, repository: string, text: string, from: string | null): Promise<number> {
  const digest = digestOfText(text)
  const source = from === null ? '' : `&from=${from}`
  const path = `/v2/${repository}/blobs/uploads/?mount=${digest}${source}`
  const call = { kind: 'blob', repository, digest } as const
  return (await client.send(call, path, { method: 'POST' }))?.status ?? 0
}

/** Each blob whose upload was answered 201 can be pulled, and is what its digest says. */
export async function checkBlobs(world: World): Promise<void> {
  for (const { call, status } of world.log.entries) {
    if (call.kind !== 'blob' || status !== 201) continue
    const { status: found, headers } = await world.ask(`/v2/${call.repository}/blobs/${call.digest}`)
    if (found !== 307)
      throw new Error(`blob ${call.digest} of ${call.repository} is ${found}, its push was acknowledged`)
    const key = new URL(headers.get('Location') ?? '').pathname.slice(1)
    const bytes = world.objects.get(key)?.bytes
    if (bytes === undefined || digestOf(bytes) !== call.digest) throw new Error(`blob ${call.digest} has other bytes`)
  }
}
