import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import {
  bytesOf,
  digestOf,
  imageOf,
  indexOf,
  manifestOf,
  outcome,
  pushBlob,
  putManifest,
  type TestManifest,
} from './client.ts'
import type { RegistryUnderTest } from './registry-under-test.ts'

const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'

interface Referrers {
  readonly schemaVersion: number
  readonly mediaType: string
  readonly manifests: { digest: string; artifactType?: string; annotations?: Record<string, string>; size: number }[]
}

/** The referrers API, several tags in one push, and the catalog. */
export function describeReferrers(name: string, open: () => Promise<RegistryUnderTest>): void {
  describe(`referrers: ${name}`, () => {
    let registry: RegistryUnderTest
    const config = bytesOf(12)
    beforeAll(async () => {
      registry = await open()
      await pushBlob(registry, 'ref/app', config)
    })
    afterAll(() => registry.stop())

    async function list(path: string) {
      const response = await registry.fetch(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toBe(OCI_IMAGE_INDEX)
      const { schemaVersion, mediaType, manifests } = await response.json<Referrers>()
      expect([schemaVersion, mediaType]).toEqual([2, OCI_IMAGE_INDEX])
      return { manifests, headers: response.headers }
    }

    function referring(subject: TestManifest | string, more: Record<string, unknown>): TestManifest {
      const digest = typeof subject === 'string' ? subject : subject.digest
      return imageOf(config, [], { subject: { mediaType: OCI_IMAGE_MANIFEST, digest, size: 100 }, ...more })
    }

    test('of what was never seen: an empty index', async () => {
      for (const repository of ['ref/app', 'ref/never'])
        expect((await list(`/v2/${repository}/referrers/${digestOf('never')}`)).manifests).toEqual([])
      expect(await outcome(await registry.fetch('/v2/ref/app/referrers/latest'))).toBe('400 DIGEST_INVALID')
    })

    test('artifact type, annotations, filter; images and indexes; the subject comes later, or never', async () => {
      const subject = imageOf(config, [], { annotations: { of: 'the subject' } })
      const sbom = referring(subject, { artifactType: 'application/sbom', annotations: { a: '1', b: '2' } })
      const plain = referring(subject, { annotations: { c: '3' } })
      const index = manifestOf({
        mediaType: OCI_IMAGE_INDEX,
        manifests: [],
        subject: { mediaType: OCI_IMAGE_MANIFEST, digest: subject.digest, size: subject.text.length },
      })
      for (const [reference, manifest] of [
        ['by-tag', sbom],
        [plain.digest, plain],
        [index.digest, index],
      ] as const) {
        const response = await putManifest(registry, 'ref/app', reference, manifest)
        expect(await outcome(response)).toBe('201')
        expect(response.headers.get('OCI-Subject')).toBe(subject.digest)
      }

      const all = await list(`/v2/ref/app/referrers/${subject.digest}`)
      expect(all.headers.get('OCI-Filters-Applied')).toBeNull()
      const described = Object.fromEntries(all.manifests.map((found) => [found.digest, found]))
      expect(Object.keys(described).sort()).toEqual([sbom.digest, plain.digest, index.digest].sort())
      expect(described[sbom.digest]).toEqual({
        mediaType: OCI_IMAGE_MANIFEST,
        digest: sbom.digest,
        size: sbom.text.length,
        artifactType: 'application/sbom',
        annotations: { a: '1', b: '2' },
      })
      expect(described[plain.digest]?.artifactType).toBe(CONFIG_TYPE)
      expect(described[index.digest]).not.toHaveProperty('artifactType')

      for (const [type, want] of [
        ['application/sbom', sbom],
        [CONFIG_TYPE, plain],
      ] as const) {
        const query = new URLSearchParams({ artifactType: type })
        const filtered = await list(`/v2/ref/app/referrers/${subject.digest}?${query.toString()}`)
        expect(filtered.headers.get('OCI-Filters-Applied')).toBe('artifactType')
        expect(filtered.manifests.map(({ digest }) => digest)).toEqual([want.digest])
      }
      expect((await list(`/v2/ref/other/referrers/${subject.digest}`)).manifests).toEqual([])

      await registry.fetch(`/v2/ref/app/manifests/${plain.digest}`, { method: 'DELETE' })
      const left = await list(`/v2/ref/app/referrers/${subject.digest}`)
      expect(left.manifests.map(({ digest }) => digest).sort()).toEqual([sbom.digest, index.digest].sort())
    })

    test('what a client listed under the referrers tag is there too, once', async () => {
      const subject = imageOf(config, [], { annotations: { of: 'an old subject' } })
      const known = referring(subject, { annotations: { by: 'subject' } })
      const old = imageOf(config, [], { annotations: { by: 'tag' } })
      for (const manifest of [known, old]) await putManifest(registry, 'ref/app', manifest.digest, manifest)
      await putManifest(registry, 'ref/app', subject.digest.replace(':', '-'), indexOf([known, old]))
      const found = await list(`/v2/ref/app/referrers/${subject.digest}`)
      expect(found.manifests.map(({ digest }) => digest).sort()).toEqual([known.digest, old.digest].sort())
    })

    test('many come in pages', async () => {
      const subject = digestOf('a popular one')
      const pushed = new Set<string>()
      for (let i = 0; i < 230; i++) {
        const manifest = referring(subject, { annotations: { number: String(i) } })
        expect((await putManifest(registry, 'ref/app', manifest.digest, manifest)).status).toBe(201)
        pushed.add(manifest.digest)
      }
      const seen: string[] = []
      let pages = 0
      for (
        let path: string | null = `/v2/ref/app/referrers/${subject}?artifactType=${encodeURIComponent(CONFIG_TYPE)}`;
        path !== null;
        pages++
      ) {
        const page = await list(path)
        expect(page.manifests.length).toBeLessThanOrEqual(100)
        seen.push(...page.manifests.map(({ digest }) => digest))
        path = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1] ?? null
      }
      expect(pages).toBe(3)
      expect(new Set(seen)).toEqual(pushed)
      expect(seen.length).toBe(pushed.size)
    })

    test('several tags in one push', async () => {
      const image = imageOf(config, [], { annotations: { many: 'tags' } })
      const put = (reference: string, query: string) =>
        registry.fetch(`/v2/ref/tags/manifests/${reference}?${query}`, {
          method: 'PUT',
          body: image.text,
          headers: { 'Content-Type': image.mediaType },
        })
      await pushBlob(registry, 'ref/tags', config)
      const response = await put(image.digest, 'tag=a&tag=b&tag=a')
      expect(await outcome(response)).toBe('201')
      expect(response.headers.get('OCI-Tag')).toBe('a, b')
      await put('c', 'tag=d')
      const listed = await registry.fetch('/v2/ref/tags/tags/list')
      expect(await listed.json()).toEqual({ name: 'ref/tags', tags: ['a', 'b', 'c', 'd'] })
      expect(await outcome(await put(image.digest, 'tag=ok&tag=.bad'))).toBe('400 TAG_INVALID')
      const many = Array.from({ length: 51 }, (_, i) => `tag=t${i}`).join('&')
      expect(await outcome(await put(image.digest, many))).toBe('414 TAG_INVALID')
      expect((await registry.fetch('/v2/ref/tags/manifests/ok')).status).toBe(404)
    })

    test('If-None-Match', async () => {
      const image = imageOf(config, [], { annotations: { cached: 'yes' } })
      await putManifest(registry, 'ref/app', 'cached', image)
      for (const path of ['manifests/cached', `manifests/${image.digest}`, `blobs/${digestOf(config)}`]) {
        const digest = path.startsWith('blobs') ? digestOf(config) : image.digest
        const ask = (tag: string, method = 'GET') =>
          registry.fetch(`/v2/ref/app/${path}`, { method, headers: { 'If-None-Match': tag } })
        for (const tag of [`"${digest}"`, `"x", W/"${digest}"`, '*'])
          for (const method of ['GET', 'HEAD']) {
            const response = await ask(tag, method)
            expect(response.status).toBe(304)
            expect(response.headers.get('ETag')).toBe(`"${digest}"`)
          }
        expect((await ask(`"${digestOf('else')}"`, 'HEAD')).status).toBe(200)
      }
    })

    test('the catalog, in order, by pages', async () => {
      const names = ['cat', 'cat-a', 'cat/a', 'cat/a/b', 'cat.b', 'cat_c', 'dog'].sort()
      for (const repository of names) {
        await pushBlob(registry, repository, config)
        await putManifest(registry, repository, 'v1', imageOf(config, []))
      }
      const seen: string[] = []
      for (let path: string | null = '/v2/_catalog?n=2&last=b'; path !== null;) {
        const response: Response = await registry.fetch(path)
        const { repositories } = await response.json<{ repositories: string[] }>()
        expect(repositories.length).toBeLessThanOrEqual(2)
        seen.push(...repositories)
        path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1] ?? null
      }
      expect(seen).toEqual([...names, 'ref/app', 'ref/tags'])
      expect(await (await registry.fetch('/v2/_catalog?n=0')).json()).toEqual({ repositories: [] })
      expect(await outcome(await registry.fetch('/v2/_catalog?n=x'))).toBe('400 PAGINATION_NUMBER_INVALID')
    })
  })
}
