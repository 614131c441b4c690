import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import {
  bytesOf,
  digestOf,
  imageOf,
  indexOf,
  locationOf,
  manifestOf,
  outcome,
  pushBlob,
  pushImage,
  putManifest,
} from './client.ts'
import type { RegistryUnderTest } from './registry-under-test.ts'

/** Manifests and tags. */
export function describeManifests(name: string, open: () => Promise<RegistryUnderTest>): void {
  describe(`manifests: ${name}`, () => {
    let registry: RegistryUnderTest
    const config = bytesOf(33)
    const layer = bytesOf(44)
    beforeAll(async () => {
      registry = await open()
      for (const blob of [config, layer]) await pushBlob(registry, 'man/app', blob)
    })
    afterAll(() => registry.stop())

    const get = (reference: string, method = 'GET', repository = 'man/app') =>
      registry.fetch(`/v2/${repository}/manifests/${reference}`, { method })

    async function expectManifest(reference: string, want: { text: string; digest: string; mediaType: string }) {
      for (const method of ['GET', 'HEAD']) {
        const response = await get(reference, method)
        expect(response.status).toBe(200)
        expect(response.headers.get('Content-Type')).toBe(want.mediaType)
        expect(response.headers.get('Docker-Content-Digest')).toBe(want.digest)
        expect(response.headers.get('Content-Length')).toBe(String(want.text.length))
        expect(await response.text()).toBe(method === 'GET' ? want.text : '')
      }
    }

    test('by tag, then by both; the very bytes', async () => {
      const image = imageOf(config, [layer], { 'org.example.unspecified': { deep: [1] }, annotations: { a: 'ü' } })
      const bytes = new TextEncoder().encode(image.text)
      const headers = { 'Content-Type': `${OCI_IMAGE_MANIFEST}; charset=utf-8` }
      const response = await registry.fetch('/v2/man/app/manifests/v1', { method: 'PUT', body: bytes, headers })
      expect(await outcome(response)).toBe('201')
      expect(response.headers.get('Docker-Content-Digest')).toBe(image.digest)
      expect(locationOf(response)).toBe(`/v2/man/app/manifests/${image.digest}`)
      for (const reference of ['v1', image.digest]) {
        const pulled = await get(reference)
        expect(pulled.headers.get('Content-Type')).toBe(OCI_IMAGE_MANIFEST)
        expect(new Uint8Array(await pulled.arrayBuffer())).toEqual(bytes)
      }
    })

    test('by digest, sha512 too; without a tag', async () => {
      const image = imageOf(config, [layer, config], { annotations: { by: 'digest' } })
      const sha512 = digestOf(image.text, 'sha512')
      for (const digest of [image.digest, sha512]) {
        const response = await putManifest(registry, 'man/app', digest, image)
        expect(await outcome(response)).toBe('201')
        expect(response.headers.get('Docker-Content-Digest')).toBe(digest)
        await expectManifest(digest, { ...image, digest })
      }
    })

    test('an index of two images', async () => {
      const images = [
        imageOf(config, [layer], { annotations: { p: '1' } }),
        imageOf(config, [], { annotations: { p: '2' } }),
      ]
      const index = indexOf(images)
      const early = await putManifest(registry, 'man/app', 'multi', index)
      expect(await outcome(early)).toBe('400 MANIFEST_BLOB_UNKNOWN MANIFEST_BLOB_UNKNOWN')
      expect(await outcome(await get('multi'))).toBe('404 MANIFEST_UNKNOWN')
      for (const image of images) expect((await putManifest(registry, 'man/app', image.digest, image)).status).toBe(201)
      expect((await putManifest(registry, 'man/app', 'multi', index)).status).toBe(201)
      await expectManifest('multi', index)
    })

    test('every missing blob is named, and nothing is stored', async () => {
      const [absent, other] = [bytesOf(5), bytesOf(6)]
      const image = imageOf(absent, [layer, other, other])
      const response = await putManifest(registry, 'man/app', 'broken', image)
      const { errors } = await response.json<{ errors: { code: string; detail: { digest: string } }[] }>()
      expect(response.status).toBe(400)
      expect(errors.map(({ code }) => code)).toEqual(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'])
      expect(errors.map(({ detail }) => detail.digest)).toEqual([digestOf(absent), digestOf(other)])
      for (const reference of ['broken', image.digest])
        expect(await outcome(await get(reference))).toBe('404 MANIFEST_UNKNOWN')
    })

    test('blobs of another repository do not count', async () => {
      const image = imageOf(config, [layer])
      const response = await putManifest(registry, 'man/stranger', 'v1', image)
      expect(await outcome(response)).toBe('400 MANIFEST_BLOB_UNKNOWN MANIFEST_BLOB_UNKNOWN')
    })

    test('layers that no registry may keep need not be here', async () => {
      const foreign = {
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        digest: digestOf('far away'),
        size: 8,
        urls: ['https://layers.example/far'],
      }
      const image = imageOf(config, [], { layers: [foreign] })
      expect(await outcome(await putManifest(registry, 'man/app', 'foreign', image))).toBe('201')
    })

    test.each([
      ['not JSON', '{', OCI_IMAGE_MANIFEST, '400 MANIFEST_INVALID'],
      ['empty', '', OCI_IMAGE_MANIFEST, '400 MANIFEST_INVALID'],
      ['null', 'null', OCI_IMAGE_MANIFEST, '400 MANIFEST_INVALID'],
      ['of no known kind', '{}', 'application/json', '400 MANIFEST_INVALID'],
      [
        'another kind than it says',
        manifestOf({ mediaType: OCI_IMAGE_INDEX, manifests: [] }).text,
        OCI_IMAGE_MANIFEST,
        '400 MANIFEST_INVALID',
      ],
      ['too large', ' '.repeat(4 * 1024 * 1024 + 1), OCI_IMAGE_MANIFEST, '413 SIZE_INVALID'],
    ] as const)('a manifest that is %s', async (_, text, mediaType, want) => {
      expect(await outcome(await putManifest(registry, 'man/app', 'bad', { text, mediaType }))).toBe(want)
      const streamed = {
        body: new Blob([text]).stream(),
        headers: { 'Content-Type': mediaType },
        duplex: 'half',
      } as const
      expect(await outcome(await registry.fetch('/v2/man/app/manifests/bad', { method: 'PUT', ...streamed }))).toBe(
        want,
      )
      expect(await outcome(await get('bad'))).toBe('404 MANIFEST_UNKNOWN')
    })

    test('a manifest of almost 4 MiB', async () => {
      const annotations = Object.fromEntries(Array.from({ length: 390 }, (_, i) => [`a${i}`, 'x'.repeat(10_000)]))
      const image = imageOf(config, [layer], { annotations })
      expect(await outcome(await putManifest(registry, 'man/app', 'large', image))).toBe('201')
      await expectManifest('large', image)
    })

    test.each([
      ['PUT', '.INVALID_MANIFEST_NAME', '400 TAG_INVALID'],
      ['PUT', 'sha256:totallywrong', '400 DIGEST_INVALID'],
      ['PUT', digestOf('something else'), '400 DIGEST_INVALID'],
      ['GET', '.INVALID_MANIFEST_NAME', '404 MANIFEST_UNKNOWN'],
      ['HEAD', '.INVALID_MANIFEST_NAME', '404'],
      ['GET', 'sha256:totallywrong', '400 DIGEST_INVALID'],
      ['GET', digestOf('never pushed'), '404 MANIFEST_UNKNOWN'],
      ['DELETE', digestOf('never pushed'), '404 MANIFEST_UNKNOWN'],
      ['DELETE', 'never-pushed', '404 MANIFEST_UNKNOWN'],
      ['GET', 'never-pushed', '404 MANIFEST_UNKNOWN'],
    ] as const)('%s %s: %s', async (method, reference, want) => {
      const { text, mediaType } = imageOf(config, [layer])
      const init = method === 'PUT' ? { method, body: text, headers: { 'Content-Type': mediaType } } : { method }
      expect(await outcome(await registry.fetch(`/v2/man/app/manifests/${reference}`, init))).toBe(want)
    })

    test('a tag moves, and what it left can still be pulled by digest', async () => {
      const before = await pushImage(registry, 'man/moving', 'latest')
      const after = await pushImage(registry, 'man/moving', 'latest')
      const latest = await get('latest', 'GET', 'man/moving')
      expect(latest.headers.get('Docker-Content-Digest')).toBe(after.digest)
      expect((await get(before.digest, 'GET', 'man/moving')).status).toBe(200)
    })

    test('DELETE of a tag leaves the manifest and its other tags', async () => {
      const image = await pushImage(registry, 'man/untag', 'one')
      await putManifest(registry, 'man/untag', 'two', image)
      expect((await get('one', 'DELETE', 'man/untag')).status).toBe(202)
      expect(await outcome(await get('one', 'GET', 'man/untag'))).toBe('404 MANIFEST_UNKNOWN')
      expect(await outcome(await get('one', 'DELETE', 'man/untag'))).toBe('404 MANIFEST_UNKNOWN')
      for (const reference of ['two', image.digest]) expect((await get(reference, 'GET', 'man/untag')).status).toBe(200)
    })

    test('DELETE of a manifest takes all its tags along, and no others', async () => {
      const image = await pushImage(registry, 'man/gone', 'one')
      for (const tag of ['two', 'moved']) await putManifest(registry, 'man/gone', tag, image)
      const other = await pushImage(registry, 'man/gone', 'moved')
      expect((await get(image.digest, 'DELETE', 'man/gone')).status).toBe(202)
      for (const reference of ['one', 'two', image.digest])
        expect(await outcome(await get(reference, 'GET', 'man/gone'))).toBe('404 MANIFEST_UNKNOWN')
      const moved = await get('moved', 'GET', 'man/gone')
      expect(moved.headers.get('Docker-Content-Digest')).toBe(other.digest)
      const list = await registry.fetch('/v2/man/gone/tags/list')
      expect(await list.json()).toEqual({ name: 'man/gone', tags: ['moved'] })
    })

    test('tags in byte order, by pages', async () => {
      const tags = ['0', 'A', 'B', '_x', 'a', 'a-b', 'a.b', 'ab', 'b', 'z']
      const image = await pushImage(registry, 'man/tags', 'a')
      for (const tag of tags) await putManifest(registry, 'man/tags', tag, image)
      const list = async (query: string) => {
        const response = await registry.fetch(`/v2/man/tags/tags/list${query}`)
        const link = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1] ?? null
        return { ...(await response.json<{ name: string; tags: string[] }>()), link }
      }
      const sorted = [...tags].sort()
      expect(await list('')).toEqual({ name: 'man/tags', tags: sorted, link: null })
      expect(await list('?n=0')).toEqual({ name: 'man/tags', tags: [], link: null })
      expect(await list('?n=5000')).toEqual({ name: 'man/tags', tags: sorted, link: null })
      expect((await list('?last=a')).tags).toEqual(sorted.slice(sorted.indexOf('a') + 1))
      expect((await list('?n=2&last=aa')).tags).toEqual(['ab', 'b'])
      expect((await list('?last=a%00')).tags).toEqual(['a-b', 'a.b', 'ab', 'b', 'z'])
      expect((await list('?last=a%C3%BC')).tags).toEqual(['b', 'z'])
      expect((await list(`?last=${'a'.repeat(2000)}`)).tags).toEqual(['ab', 'b', 'z'])

      const seen: string[] = []
      for (let link: string | null = '/v2/man/tags/tags/list?n=3'; link !== null;) {
        const page = await list(link.slice(link.indexOf('?')))
        expect(page.tags.length).toBeLessThanOrEqual(3)
        seen.push(...page.tags)
        link = page.link
      }
      expect(seen).toEqual(sorted)
    })

    test.each([
      ['/v2/man/tags/tags/list?n=-1', '400 PAGINATION_NUMBER_INVALID'],
      ['/v2/man/tags/tags/list?n=many', '400 PAGINATION_NUMBER_INVALID'],
      ['/v2/man/nowhere/tags/list', '404 NAME_UNKNOWN'],
    ])('%s: %s', async (path, want) => {
      expect(await outcome(await registry.fetch(path))).toBe(want)
    })
  })
}
