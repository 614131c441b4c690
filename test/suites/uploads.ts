import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { bytesOf, closing, digestOf, locationOf, outcome, pullBlob, pushBlob, startUpload, streamOf } from './client.ts'
import type { RegistryUnderTest } from './registry-under-test.ts'

type Shape = (registry: RegistryUnderTest, repository: string, bytes: Uint8Array, digest: string) => Promise<Response>

const STREAMED = { duplex: 'half' } as const

/** Every way in which clients send a blob, each with the clients that do so. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'POST, PATCH of unknown length, PUT (docker)': async (registry, repository, bytes, digest) => {
    const location = await startUpload(registry, repository)
    const patched = await registry.fetch(location, { method: 'PATCH', body: streamOf(bytes), ...STREAMED })
    expect(patched.status).toBe(202)
    expect(patched.headers.get('Range')).toBe(`0-${Math.max(bytes.length - 1, 0)}`)
    return registry.fetch(closing(locationOf(patched), digest), { method: 'PUT' })
  },
  'POST, PATCH with a length, PUT (podman, skopeo)': async (registry, repository, bytes, digest) => {
    const location = await startUpload(registry, repository)
    const patched = await registry.fetch(location, { method: 'PATCH', body: bytes as BodyInit })
    expect(patched.status).toBe(202)
    return registry.fetch(closing(locationOf(patched), digest), { method: 'PUT' })
  },
  'POST, PUT with the body (containerd, BuildKit)': async (registry, repository, bytes, digest) => {
    const location = await startUpload(registry, repository)
    return registry.fetch(closing(location, digest), { method: 'PUT', body: bytes as BodyInit })
  },
  'POST, PUT with a body of unknown length': async (registry, repository, bytes, digest) => {
    const location = await startUpload(registry, repository)
    return registry.fetch(closing(location, digest), { method: 'PUT', body: streamOf(bytes), ...STREAMED })
  },
  'POST with digest and body': (registry, repository, bytes, digest) =>
    registry.fetch(`/v2/${repository}/blobs/uploads/?digest=${digest}`, { method: 'POST', body: bytes as BodyInit }),
  'POST, PATCHes with Content-Range, PUT (regctl)': async (registry, repository, bytes, digest) => {
    const { location } = await sendChunks(registry, repository, bytes, bytes.length)
    return registry.fetch(closing(location, digest), { method: 'PUT' })
  },
  'POST, PATCHes with Content-Range, PUT with the last chunk': async (registry, repository, bytes, digest) => {
    const { location, rest } = await sendChunks(registry, repository, bytes, Math.floor(bytes.length * 0.9))
    const headers = { 'Content-Range': `${bytes.length - rest.length}-${bytes.length - 1}` }
    const last = rest.length === 0 ? {} : { body: rest as BodyInit, headers }
    return registry.fetch(closing(location, digest), { method: 'PUT', ...last })
  },
}

/** Sends the first `end` bytes in three chunks of unequal size. */
async function sendChunks(registry: RegistryUnderTest, repository: string, bytes: Uint8Array, end: number) {
  let location = await startUpload(registry, repository)
  let at = 0
  for (const stop of [Math.floor(end / 2), Math.floor(end / 2) + Math.floor(end / 7), end]) {
    if (stop === at) continue
    const headers = { 'Content-Range': `${at}-${stop - 1}` }
    const response = await registry.fetch(location, { method: 'PATCH', body: bytes.slice(at, stop), headers })
    expect(await outcome(response)).toBe('202')
    expect(response.headers.get('Range')).toBe(`0-${stop - 1}`)
    location = locationOf(response)
    at = stop
  }
  return { location, rest: bytes.slice(end) }
}

/**
 * Each upload shape and each of its errors.
 *
 * @param partBytes the store's, so that there are blobs below, at and above it
 */
export function describeUploads(name: string, open: () => Promise<RegistryUnderTest>, partBytes: number): void {
  describe(`uploads: ${name}`, () => {
    let registry: RegistryUnderTest
    beforeAll(async () => {
      registry = await open()
    })
    afterAll(() => registry.stop())

    describe.each(Object.entries(SHAPES))('%s', (_, push) => {
      test.each([0, 1, 1000, partBytes, partBytes + 1, 2 * partBytes + 12_345])('%i bytes', async (size) => {
        const bytes = bytesOf(size)
        const digest = digestOf(bytes)
        const response = await push(registry, 'up/app', bytes, digest)
        expect(await outcome(response)).toBe('201')
        expect(response.headers.get('Docker-Content-Digest')).toBe(digest)
        expect(locationOf(response)).toBe(`/v2/up/app/blobs/${digest}`)

        const head = await registry.fetch(`/v2/up/app/blobs/${digest}`, { method: 'HEAD' })
        expect(head.status).toBe(200)
        expect(head.headers.get('Content-Length')).toBe(String(size))
        expect(head.headers.get('Docker-Content-Digest')).toBe(digest)
        expect(digestOf(await pullBlob(registry, 'up/app', digest))).toBe(digest)
      })

      test('sha512', async () => {
        const bytes = bytesOf(5000)
        const digest = digestOf(bytes, 'sha512')
        expect(await outcome(await push(registry, 'up/app', bytes, digest))).toBe('201')
        expect(digestOf(await pullBlob(registry, 'up/app', digest), 'sha512')).toBe(digest)
      })

      test.each([500, partBytes + 100])('%i bytes under a wrong digest store nothing', async (size) => {
        const bytes = bytesOf(size)
        for (const wrong of [digestOf('else'), digestOf('else', 'sha512')]) {
          expect(await outcome(await push(registry, 'up/app', bytes, wrong))).toBe('400 DIGEST_INVALID')
          for (const digest of [wrong, digestOf(bytes)]) {
            const head = await registry.fetch(`/v2/up/app/blobs/${digest}`, { method: 'HEAD' })
            expect(head.status).toBe(404)
          }
        }
      })

      test('again, under another name, what is stored already', async () => {
        const bytes = bytesOf(3000)
        const digest = digestOf(bytes)
        for (const repository of ['up/one', 'up/two']) {
          expect(await outcome(await push(registry, repository, bytes, digest))).toBe('201')
          expect(digestOf(await pullBlob(registry, repository, digest))).toBe(digest)
        }
        const wrong = bytesOf(3000)
        expect(await outcome(await push(registry, 'up/three', wrong, digest))).toBe('400 DIGEST_INVALID')
        const head = await registry.fetch(`/v2/up/three/blobs/${digest}`, { method: 'HEAD' })
        expect(head.status).toBe(404)
      })
    })

    test('digests that are none', async () => {
      for (const digest of ['', 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e', 'latest']) {
        const location = await startUpload(registry, 'up/app')
        const response = await registry.fetch(closing(location, digest), { method: 'PUT', body: 'x' })
        expect(await outcome(response)).toBe('400 DIGEST_INVALID')
      }
      const response = await registry.fetch('/v2/up/app/blobs/uploads/?digest-algorithm=md5', { method: 'POST' })
      expect(await outcome(response)).toBe('400 DIGEST_INVALID')
    })

    test('chunks out of order are refused with the true range, and the upload goes on', async () => {
      const bytes = bytesOf(300)
      const first = await startUpload(registry, 'up/app')
      const chunk = (location: string, from: number, to: number, method = 'PATCH') =>
        registry.fetch(location, {
          method,
          body: bytes.slice(from, to),
          headers: { 'Content-Range': `${from}-${to - 1}` },
        })

      expect(await outcome(await chunk(first, 100, 200))).toBe('416 RANGE_INVALID') // a gap
      const second = await chunk(first, 0, 100)
      expect(second.status).toBe(202)
      const replayed = await chunk(first, 0, 100) // with the earlier Location
      expect(replayed.headers.get('Range')).toBe('0-99')
      expect(await outcome(replayed)).toBe('416 RANGE_INVALID')
      const ahead = await chunk(locationOf(second), 200, 300)
      expect(ahead.headers.get('Range')).toBe('0-99')
      const closed = await chunk(closing(locationOf(second), digestOf(bytes)), 200, 300, 'PUT')
      expect(await outcome(closed)).toBe('416 RANGE_INVALID')

      const third = await chunk(locationOf(ahead), 100, 200) // the refusal's Location leads on
      expect(third.status).toBe(202)
      const last = await chunk(closing(locationOf(third), digestOf(bytes)), 200, 300, 'PUT')
      expect(await outcome(last)).toBe('201')
      expect(await pullBlob(registry, 'up/app', digestOf(bytes))).toEqual(bytes)
    })

    test('a chunk whose length is not its range', async () => {
      const location = await startUpload(registry, 'up/app')
      const headers = { 'Content-Range': '0-9' }
      const response = await registry.fetch(location, { method: 'PATCH', body: bytesOf(11), headers })
      expect(await outcome(response)).toBe('400 SIZE_INVALID')
      const streamed = { body: streamOf(bytesOf(11)), headers, ...STREAMED }
      expect(await outcome(await registry.fetch(location, { method: 'PATCH', ...streamed }))).toBe('400 SIZE_INVALID')
      const malformed = { body: 'x', headers: { 'Content-Range': 'first-last' } }
      expect(await outcome(await registry.fetch(location, { method: 'PATCH', ...malformed }))).toBe('416 RANGE_INVALID')
    })

    test('status, from any Location the upload ever had', async () => {
      const first = await startUpload(registry, 'up/app')
      const fresh = await registry.fetch(first)
      expect(fresh.status).toBe(204)
      expect(fresh.headers.get('Range')).toBe('0-0')
      const second = locationOf(await registry.fetch(first, { method: 'PATCH', body: bytesOf(50) }))
      for (const location of [first, second, closing(first, digestOf('x'))]) {
        const status = await registry.fetch(location)
        expect(status.status).toBe(204)
        expect(status.headers.get('Range')).toBe('0-49')
        const more = { method: 'PATCH', body: bytesOf(1), headers: { 'Content-Range': '51-51' } }
        expect(await outcome(await registry.fetch(locationOf(status), more))).toBe('416 RANGE_INVALID')
      }
    })

    test('a new upload says how large its chunks should be', async () => {
      const response = await registry.fetch('/v2/up/app/blobs/uploads/', { method: 'POST' })
      expect(response.headers.get('OCI-Chunk-Min-Length')).toBe(String(5 * 2 ** 20))
    })

    test('an answer lost: the client asks, and goes on from there', async () => {
      const bytes = bytesOf(200)
      const first = await startUpload(registry, 'up/app')
      await registry.fetch(first, { method: 'PATCH', body: bytes.slice(0, 120) }) // whose answer nobody saw
      const status = await registry.fetch(first)
      expect(status.headers.get('Range')).toBe('0-119')
      const rest = { method: 'PUT', body: bytes.slice(120), headers: { 'Content-Range': '120-199' } }
      expect(await outcome(await registry.fetch(closing(locationOf(status), digestOf(bytes)), rest))).toBe('201')
    })

    test('closing twice succeeds twice', async () => {
      const bytes = bytesOf(100)
      const whole = await registry.fetch(await startUpload(registry, 'up/app'), { method: 'PATCH', body: bytes })
      const chunks = await sendChunks(registry, 'up/app', bytes, bytes.length)
      for (const location of [locationOf(whole), chunks.location])
        for (let time = 0; time < 2; time++)
          expect(await outcome(await registry.fetch(closing(location, digestOf(bytes)), { method: 'PUT' }))).toBe('201')
    })

    test('closing twice with the last chunk succeeds twice, and not for another blob', async () => {
      const bytes = bytesOf(100)
      const { location, rest } = await sendChunks(registry, 'up/app', bytes, 90)
      const last = { method: 'PUT', body: rest, headers: { 'Content-Range': '90-99' } }
      for (let time = 0; time < 2; time++)
        expect(await outcome(await registry.fetch(closing(location, digestOf(bytes)), last))).toBe('201')
      const other = closing(location, digestOf('never pushed'))
      expect(await outcome(await registry.fetch(other, last))).toBe('404 BLOB_UPLOAD_UNKNOWN')
    })

    test.each([0, 10])(
      'an upload given up after %i bytes is gone, whichever of its Locations is asked',
      async (size) => {
        const first = await startUpload(registry, 'up/app')
        const body = size === 0 ? null : bytesOf(size)
        const second = locationOf(await registry.fetch(first, { method: 'PATCH', body }))
        for (const location of [second, first])
          // the second time because the first answer was lost
          expect((await registry.fetch(location, { method: 'DELETE' })).status).toBe(204)
        const more = { method: 'PATCH', body: 'x', headers: { 'Content-Range': `${size}-${size}` } }
        for (const location of [first, second]) {
          expect(await outcome(await registry.fetch(location))).toBe('404 BLOB_UPLOAD_UNKNOWN')
          expect(await outcome(await registry.fetch(location, more))).toBe('404 BLOB_UPLOAD_UNKNOWN')
        }
      },
    )

    test('a Location that is not ours', async () => {
      const location = await startUpload(registry, 'up/app')
      const state = new URL(location, 'http://registry.test').searchParams.get('state') ?? ''
      const [payload = '', signature = ''] = state.split('.')
      const foreign = [
        location.replace('/v2/up/app/', '/v2/up/other/'), // the session belongs to one repository
        location.replace(/uploads\/[^?]+/, 'uploads/another'),
        location.replace(payload, `${payload.slice(0, -2)}AA`),
        location.replace(signature, `${signature.slice(0, -2)}AA`),
        location.replace(/state=.*/, 'state='),
        location.replace(/\?.*/, ''),
        location.replace(/state=.*/, 'state=%00.%ff'),
        '/v2/up/app/blobs/uploads/d5a5d5f1-5b5c-4b0b-9d54-7d2f0c6f2b1f',
      ]
      for (const path of foreign)
        for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
          const init = method === 'GET' || method === 'DELETE' ? { method } : { method, body: 'x' }
          const response = await registry.fetch(`${path}${path.includes('?') ? '&' : '?'}digest=${digestOf('x')}`, init)
          expect(await outcome(response), `${method} ${path}`).toBe('404 BLOB_UPLOAD_UNKNOWN')
        }
    })

    test('mounts', async () => {
      const bytes = bytesOf(70)
      const digest = await pushBlob(registry, 'up/source', bytes)
      const mount = (repository: string, query: string) =>
        registry.fetch(`/v2/${repository}/blobs/uploads/?${query}`, { method: 'POST' })

      const mounted = await mount('up/target', `mount=${digest}&from=up%2Fsource`)
      expect(await outcome(mounted)).toBe('201')
      expect(locationOf(mounted)).toBe(`/v2/up/target/blobs/${digest}`)
      expect(mounted.headers.get('Docker-Content-Digest')).toBe(digest)
      const head = await registry.fetch(`/v2/up/target/blobs/${digest}`, { method: 'HEAD' })
      expect(head.headers.get('Content-Length')).toBe('70')
      expect(await pullBlob(registry, 'up/target', digest)).toEqual(bytes)

      expect(await outcome(await mount('up/found', `mount=${digest}`))).toBe('201') // wherever it is
      expect(await outcome(await mount('up/found', `mount=${digest}`))).toBe('201') // here already

      const absent = await mount('up/absent', `mount=${digest}&from=up/nowhere`)
      expect(absent.status).toBe(202)
      expect(locationOf(absent)).toMatch(/^\/v2\/up\/absent\/blobs\/uploads\//)
      const unknown = await mount('up/absent', `mount=${digestOf('unheard of')}`)
      expect(unknown.status).toBe(202)
      const put = await registry.fetch(closing(locationOf(absent), digest), { method: 'PUT', body: bytes })
      expect(await outcome(put)).toBe('201')

      expect(await outcome(await mount('up/absent', 'mount=sha256:abc'))).toBe('400 DIGEST_INVALID')
      expect(await outcome(await mount('up/absent', `mount=${digest}&from=Up`))).toBe('400 NAME_INVALID')
    })
  })
}
