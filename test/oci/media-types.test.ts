import { expect, test } from 'vitest'

import { essence, isNonDistributable, MANIFEST_KINDS } from '../../src/oci/media-types.ts'

test('the manifests that we know, by what they hold', () => {
  expect([...MANIFEST_KINDS]).toEqual([
    ['application/vnd.oci.image.manifest.v1+json', 'image'],
    ['application/vnd.docker.distribution.manifest.v2+json', 'image'],
    ['application/vnd.oci.image.index.v1+json', 'index'],
    ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
  ])
})

test.each([
  [null, ''],
  ['', ''],
  [' ', ''],
  [';charset=utf-8', ''],
  ['application/json', 'application/json'],
  ['application/json; charset=utf-8', 'application/json'],
  ['application/json ;charset=utf-8;q=1', 'application/json'],
  [' Application/JSON ', 'application/json'],
])('the essence of %j is %j', (contentType, want) => {
  expect(essence(contentType)).toBe(want)
})

test.each([
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', true],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', true],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', true],
  ['application/vnd.oci.image.layer.v1.tar', false],
  ['application/vnd.oci.image.layer.v1.tar+gzip', false],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', false],
  ['application/vnd.oci.image.config.v1+json', false],
  ['', false],
])('%j is kept out of registries: %s', (mediaType, want) => {
  expect(isNonDistributable(mediaType)).toBe(want)
})
