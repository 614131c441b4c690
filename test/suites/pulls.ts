import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { bytesOf, digestOf, outcome, pushBlob, pushImage } from './client.ts'
import type { RegistryUnderTest } from './registry-under-test.ts'

const foo = digestOf('foo')

/** Blobs, the routes, and what every answer carries. */
export function describePulls(name: string, open: () => Promise<RegistryUnderTest>): void {
  describe(`pulls: ${name}`, () => {
    let registry: RegistryUnderTest
    beforeAll(async () => {
      registry = await open()
      await pushBlob(registry, 'pull/app', new TextEncoder().encode('foo'))
      await pushImage(registry, 'pull/app', 'v1')
    })
    afterAll(() => registry.stop())

    test.each([
      ['GET /v2/', '200'],
      ['GET /v2', '200'],
      ['HEAD /v2/', '200'],
      [`GET /v2/pull/app/blobs/${foo}`, '307'],
      [`HEAD /v2/pull/app/blobs/${foo}`, '200'],
      [`GET /v2/pull/other/blobs/${foo}`, '404 BLOB_UNKNOWN'], // blobs are scoped to a repository
      [`HEAD /v2/pull/other/blobs/${foo}`, '404'],
      [`GET /v2/pull/app/blobs/${digestOf('bar')}`, '404 BLOB_UNKNOWN'],
      ['GET /v2/pull/app/blobs/sha256:xyz', '400 DIGEST_INVALID'],
      ['GET /v2/pull/app/blobs/latest', '400 DIGEST_INVALID'],
      [`GET /v2//blobs/${foo}`, '400 NAME_INVALID'],
      [`GET /v2/pull//app/blobs/${foo}`, '400 NAME_INVALID'],
      [`GET /v2/Pull/app/blobs/${foo}`, '400 NAME_INVALID'],
      [`GET /v2/pull%2Fapp/blobs/${foo}`, '400 NAME_INVALID'],
      [`GET /v2/_pull/blobs/${foo}`, '400 NAME_INVALID'],
      [`GET /v2/${'a'.repeat(256)}/blobs/${foo}`, '400 NAME_INVALID'],
      [`GET /v2/pull/app/blobs/${foo}/`, '404 UNSUPPORTED'],
      ['GET /v2/pull/app/manifests/v1/', '404 UNSUPPORTED'],
      ['GET /v2/pull/app', '404 UNSUPPORTED'],
      ['GET /v2/pull/app/layers/v1', '404 UNSUPPORTED'],
      ['GET /', '404 UNSUPPORTED'],
      ['GET /v1/_ping', '404 UNSUPPORTED'],
      ['POST /v2/', '405 UNSUPPORTED'],
      [`PUT /v2/pull/app/blobs/${foo}`, '405 UNSUPPORTED'],
      ['POST /v2/pull/app/manifests/v1', '405 UNSUPPORTED'],
      ['DELETE /v2/pull/app/tags/list', '405 UNSUPPORTED'],
      ['GET /v2/pull/app/blobs/uploads/', '405 UNSUPPORTED'],
      ['OPTIONS /v2/pull/app/manifests/v1', '405 UNSUPPORTED'],
    ] as const)('%s: %s', async (line, want) => {
      const [method = '', path = ''] = line.split(' ')
      const response = await registry.fetch(path, { method })
      expect(response.headers.get('Docker-Distribution-Api-Version')).toBe('registry/2.0')
      expect(response.headers.get('X-Request-Id')).toMatch(/./)
      if (want.startsWith('405')) expect(response.headers.get('Allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
      expect(await outcome(response)).toBe(want)
    })

    test('the redirect names storage, not the registry, and says what it leads to', async () => {
      const response = await registry.fetch(`/v2/pull/app/blobs/${foo}`)
      expect(response.headers.get('Docker-Content-Digest')).toBe(foo)
      const again = await registry.fetch(`/v2/pull/app/blobs/${foo}`)
      expect(again.headers.get('Location')).toBe(response.headers.get('Location')) // so that caches can hit
      const bytes = await registry.download(response.headers.get('Location') ?? '')
      expect(await bytes.text()).toBe('foo')
    })

    test('DELETE takes a blob out of this repository only, at once', async () => {
      const bytes = bytesOf(30)
      const digest = digestOf(bytes)
      for (const repository of ['pull/one', 'pull/two']) await pushBlob(registry, repository, bytes)
      const remove = () => registry.fetch(`/v2/pull/one/blobs/${digest}`, { method: 'DELETE' })
      expect((await remove()).status).toBe(202)
      expect(await outcome(await registry.fetch(`/v2/pull/one/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN')
      expect((await registry.fetch(`/v2/pull/two/blobs/${digest}`)).status).toBe(307)
      expect(await outcome(await remove())).toBe('404 BLOB_UNKNOWN')
    })
  })
}
