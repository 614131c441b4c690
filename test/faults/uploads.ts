import { bytesOf, closing, digestOf, locationOf } from '../suites/client.ts'
import { Misbehaviour, Refusal, type Client, type ClientRequest } from './client.ts'
import { expectAbsent, pullBlob } from './observer.ts'
import type { Operation, Scenario } from './scenario.ts'

export interface Blob {
  readonly bytes: Uint8Array
  /** Which the client says that they have. */
  readonly digest: string
}

export const REPOSITORY = 'app'

type Shape = (client: Client, blob: Blob) => Promise<unknown>

/** Every way in which clients send a blob; test/suites/uploads.ts names the clients. */
export const SHAPES = {
  'POST with the blob': (client, { bytes, digest }) =>
    client.send({ method: 'POST', path: `/v2/${REPOSITORY}/blobs/uploads/?digest=${digest}`, body: bytes }, 201),
  'POST, PUT': async (client, { bytes, digest }) => {
    const path = closing(await begin(client), digest)
    await client.send({ method: 'PUT', path, body: bytes }, 201)
  },
  'POST, PUT of unknown length': async (client, { bytes, digest }) => {
    const path = closing(await begin(client), digest)
    await client.send({ method: 'PUT', path, body: bytes, length: null }, 201)
  },
  'POST, PATCH, PUT': async (client, { bytes, digest }) => {
    const location = await append(client, { path: await begin(client), body: bytes })
    await client.send({ method: 'PUT', path: closing(location, digest) }, 201)
  },
  'POST, PATCH of unknown length, PUT': async (client, { bytes, digest }) => {
    const location = await append(client, { path: await begin(client), body: bytes, length: null })
    await client.send({ method: 'PUT', path: closing(location, digest) }, 201)
  },
  'POST, PATCHes in chunks, PUT': (client, blob) => sendChunks(client, blob, [0.3, 0.5, 1]),
  'POST, PATCHes in chunks, PUT with the last': (client, blob) => sendChunks(client, blob, [0.4, 0.8]),
} satisfies Record<string, Shape>

export type ShapeName = keyof typeof SHAPES

export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[]

/** What each scenario of these has: a part of 64 bytes, and at most four of them in one PUT. */
export const SMALL = { limits: { partBytes: 64, putBytes: 256 } }

/** A scenario of that shape and size; in chunks also with the client that resumes. */
export function uploadScenario(
  shape: ShapeName,
  size: number,
  { name = '', algorithm, ...more }: Partial<Scenario> & { algorithm?: string } = {},
): Scenario {
  const bytes = bytesOf(size)
  const digest = digestOf(bytes, algorithm)
  const chunked = shape.includes('chunks')
  return {
    name: `${shape}: ${size} bytes${name && ', '}${name}`,
    options: SMALL,
    recoveries: chunked ? ['restart', 'retry', 'resume'] : ['restart', 'retry'],
    operation: () => upload(shape, { bytes, digest }),
    ...more,
  }
}

export function upload(shape: ShapeName, blob: Blob): Operation {
  return {
    async run(client) {
      await SHAPES[shape](client, blob)
    },
    promised: (registry) => pullBlob(registry, REPOSITORY, blob.digest, blob.bytes),
  }
}

/** One whose bytes are not what the digest says: the repository must not have it. */
export function refusedUpload(shape: ShapeName, blob: Blob): Operation {
  return refused(blob.digest, '400 DIGEST_INVALID', async (client) => {
    await SHAPES[shape](client, blob)
  })
}

export function refused(digest: string, refusal: string, run: Operation['run']): Operation {
  return { run, promised: (registry) => expectAbsent(registry, `/v2/${REPOSITORY}/blobs/${digest}`), refusal }
}

export async function begin(client: Client): Promise<string> {
  return locationOf(await client.send({ method: 'POST', path: `/v2/${REPOSITORY}/blobs/uploads/` }, 202))
}

/** One PATCH; answers where the upload goes on. */
export async function append(client: Client, request: Omit<ClientRequest, 'method'>): Promise<string> {
  return locationOf(await client.send({ method: 'PATCH', ...request }, 202))
}

/** @param ends of the chunks but the last one, as parts of the whole; what is left after them, the PUT brings */
async function sendChunks(client: Client, { bytes, digest }: Blob, ends: readonly number[]): Promise<void> {
  let location = await begin(client)
  let at = 0
  for (const end of ends.map((part) => Math.floor(part * bytes.length))) {
    while (at < end) {
      const chunk = { path: location, ...chunkOf(bytes, at, end) }
      const next = await append(client, chunk).then(
        (path) => ({ path, at: end }),
        (error: unknown) => resume(client, location, error),
      )
      location = next.path
      at = next.at
    }
  }
  const close = () =>
    client.send({ method: 'PUT', path: closing(location, digest), ...chunkOf(bytes, at, bytes.length) }, 201)
  await close().catch(async (error: unknown) => {
    const state = await resume(client, location, error)
    location = state.path
    at = state.at
    await close()
  })
}

function chunkOf(bytes: Uint8Array, from: number, to: number): Pick<ClientRequest, 'body' | 'headers'> {
  if (from === to) return {}
  return { body: bytes.slice(from, to), headers: { 'Content-Range': `${from}-${to - 1}` } }
}

/** Asks how far the upload has got; a client that does not resume fails as it has failed. */
async function resume(client: Client, location: string, error: unknown): Promise<{ path: string; at: number }> {
  if (!(error instanceof Refusal) || client.recovery !== 'resume') throw error
  const status = await client.send({ method: 'GET', path: location }, 204)
  const [, last] = /^0-(\d+)$/.exec(status.headers.get('Range') ?? '') ?? []
  if (last === undefined) throw new Misbehaviour(`the status has no Range: ${String(status.headers.get('Range'))}`)
  return { path: locationOf(status), at: last === '0' ? 0 : Number(last) + 1 }
}
