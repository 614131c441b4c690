import { describe, expect, test } from 'vitest'

import type { Descriptor } from '../../src/oci/descriptor.ts'
import { parseDigest } from '../../src/oci/digest.ts'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from '../../src/oci/media-types.ts'
import {
  CHILD,
  CONFIG,
  descriptor,
  expectInvalid,
  FOREIGN_LAYER,
  IMAGE,
  INDEX,
  LAYER,
  OTHER_LAYER,
  parse,
} from './support/manifests.ts'
import { refusal } from './support/refusal.ts'

describe('an image', () => {
  test.each([OCI_IMAGE_MANIFEST, DOCKER_MANIFEST])('of type %s names config and layers', (mediaType) => {
    const manifest = parse({ ...IMAGE, mediaType }, mediaType)
    expect(manifest).toEqual({ mediaType, blobs: [CONFIG, LAYER, OTHER_LAYER], manifests: [], subject: null })
  })

  test('may have no layers', () => {
    expect(parse({ ...IMAGE, layers: [] }, OCI_IMAGE_MANIFEST).blobs).toEqual([CONFIG])
  })

  test('names each digest once, though it be config and layer', () => {
    const empty = descriptor('application/vnd.oci.empty.v1+json', '{}')
    const { blobs } = parse({ ...IMAGE, config: empty, layers: [LAYER, empty, LAYER] }, OCI_IMAGE_MANIFEST)
    expect(blobs.map(({ digest }) => digest)).toEqual([empty.digest, LAYER.digest])
  })

  test.each([
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ])('needs no layer of type %s', (mediaType) => {
    const { blobs } = parse({ ...IMAGE, layers: [{ ...FOREIGN_LAYER, mediaType }, LAYER] }, OCI_IMAGE_MANIFEST)
    expect(blobs).toEqual([CONFIG, LAYER])
  })

  test('may hold a blob of no bytes', () => {
    const config = { ...CONFIG, size: 0 }
    expect(parse({ ...IMAGE, config }, OCI_IMAGE_MANIFEST).blobs).toContainEqual(config)
  })
})

describe('an index', () => {
  test.each([OCI_IMAGE_INDEX, DOCKER_MANIFEST_LIST])('of type %s names manifests', (mediaType) => {
    const manifest = parse({ ...INDEX, mediaType }, mediaType)
    expect(manifest).toEqual({ mediaType, blobs: [], manifests: [CHILD], subject: null })
  })

  test('may be empty', () => {
    expect(parse({ ...INDEX, manifests: [] }, OCI_IMAGE_INDEX).manifests).toEqual([])
  })

  test('may hold an index, and names each digest once', () => {
    const nested = descriptor(OCI_IMAGE_INDEX, 'nested')
    expect(parse({ ...INDEX, manifests: [nested, CHILD, nested] }, OCI_IMAGE_INDEX).manifests).toEqual([nested, CHILD])
  })
})

describe('a subject', () => {
  test.each([
    [OCI_IMAGE_MANIFEST, IMAGE],
    [OCI_IMAGE_INDEX, INDEX],
  ])('of %s is told apart from what must be here', (mediaType, document) => {
    const subject = descriptor(OCI_IMAGE_MANIFEST, 'subject', 'sha512')
    const manifest = parse({ ...document, subject }, mediaType)
    expect(manifest.subject).toEqual(subject)
    expect([...manifest.blobs, ...manifest.manifests].map(({ digest }) => digest)).not.toContain(subject.digest)
  })
})

describe('the media type', () => {
  test.each([
    ['comes from Content-Type', undefined, OCI_IMAGE_MANIFEST, OCI_IMAGE_MANIFEST],
    ['comes from the document when there is no Content-Type', OCI_IMAGE_MANIFEST, null, OCI_IMAGE_MANIFEST],
    ['comes from the document when Content-Type is empty', DOCKER_MANIFEST, '', DOCKER_MANIFEST],
    ['may stand in both', OCI_IMAGE_MANIFEST, OCI_IMAGE_MANIFEST, OCI_IMAGE_MANIFEST],
    ['has no parameters', OCI_IMAGE_MANIFEST, `${OCI_IMAGE_MANIFEST}; charset=utf-8`, OCI_IMAGE_MANIFEST],
    ['has no parameters', undefined, ` ${OCI_IMAGE_MANIFEST} ;a=b;c=d`, OCI_IMAGE_MANIFEST],
    ['of Content-Type knows no case', OCI_IMAGE_MANIFEST, OCI_IMAGE_MANIFEST.toUpperCase(), OCI_IMAGE_MANIFEST],
  ])('%s', (_, mediaType, contentType, want) => {
    expect(parse({ ...IMAGE, mediaType }, contentType).mediaType).toBe(want)
  })

  test.each([
    ['is missing', undefined, null, /neither/],
    [
      'contradicts Content-Type',
      DOCKER_MANIFEST,
      OCI_IMAGE_MANIFEST,
      /mediaType is .*docker.*, but Content-Type .*oci/,
    ],
    ['is of another kind than Content-Type', OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST, /mediaType is .*index/],
    ['is empty', '', OCI_IMAGE_MANIFEST, /mediaType/],
    ['is empty, and so is Content-Type', '', '', /unsupported/],
    ['is a number', 2, OCI_IMAGE_MANIFEST, /mediaType is not a string/],
    ['is null', null, OCI_IMAGE_MANIFEST, /mediaType is not a string/],
    ['is a number, without Content-Type', 2, null, /mediaType is not a string/],
    ['is unknown', 'application/vnd.example+json', null, /unsupported.*vnd\.example/],
    ['has parameters', `${OCI_IMAGE_MANIFEST}; charset=utf-8`, null, /unsupported/],
    ['is JSON', undefined, 'application/json', /unsupported.*application\/json/],
    ['is JSON, whatever the document says', OCI_IMAGE_MANIFEST, 'application/json', /unsupported/],
    ['is that of schema 1', undefined, 'application/vnd.docker.distribution.manifest.v1+prettyjws', /unsupported/],
    ['is that of a config', undefined, 'application/vnd.oci.image.config.v1+json', /unsupported/],
    ['is what every object has', 'toString', null, /unsupported/],
  ])('is refused when it %s', (_, mediaType, contentType, detail) => {
    expectInvalid({ ...IMAGE, mediaType }, contentType, detail)
  })

  test('of a refusal is no longer than one needs to find it', () => {
    const { details } = refusal(() => parse(IMAGE, `application/${'a'.repeat(100_000)}`))
    expect(String(details[0]).length).toBeLessThan(300)
  })
})

describe('a document that can be read as either kind is refused', () => {
  test.each([
    [
      'an image with manifests',
      OCI_IMAGE_MANIFEST,
      { ...IMAGE, manifests: [CHILD] },
      /an image manifest has no manifests/,
    ],
    [
      'an image with no manifests',
      OCI_IMAGE_MANIFEST,
      { ...IMAGE, manifests: [] },
      /an image manifest has no manifests/,
    ],
    ['an image with null for manifests', DOCKER_MANIFEST, { ...IMAGE, manifests: null }, /has no manifests/],
    ['an index with layers', OCI_IMAGE_INDEX, { ...INDEX, layers: [] }, /an index has no config and no layers/],
    ['an index with a config', DOCKER_MANIFEST_LIST, { ...INDEX, config: CONFIG }, /an index has no config/],
    ['an index that is an image', OCI_IMAGE_INDEX, { ...INDEX, ...IMAGE }, /an index has no config/],
  ])('%s', (_, mediaType, document, detail) => {
    expectInvalid(document, mediaType, detail)
  })
})

test('unknown fields are kept out of the way', () => {
  const unknown = {
    newUnspecifiedField: ['x'],
    annotations: { 'org.example': 'é' },
    artifactType: 'a/b',
    __proto__: null,
  }
  const withMore = (whole: Descriptor) => ({ ...whole, ...unknown, data: 'e30=', platform: { os: 'linux' }, urls: [] })
  const image = { ...IMAGE, ...unknown, config: withMore(CONFIG), layers: [withMore(LAYER)], subject: withMore(CHILD) }
  expect(parse(image, OCI_IMAGE_MANIFEST)).toEqual({
    mediaType: OCI_IMAGE_MANIFEST,
    blobs: [CONFIG, LAYER],
    manifests: [],
    subject: CHILD,
  })
  expect(parse({ ...INDEX, ...unknown, manifests: [withMore(CHILD)] }, OCI_IMAGE_INDEX).manifests).toEqual([CHILD])
})

test.each([
  ['layers', OCI_IMAGE_MANIFEST, (many: Descriptor[]) => ({ ...IMAGE, layers: many })],
  ['manifests', OCI_IMAGE_INDEX, (many: Descriptor[]) => ({ ...INDEX, manifests: many })],
])('%s may have 4000 entries, and no more', (field, mediaType, documentOf) => {
  const many = Array.from({ length: 4000 }, (_, index) => ({
    ...LAYER,
    digest: parseDigest(`sha256:${String(index).padStart(64, '0')}`),
  }))
  const { blobs, manifests } = parse(documentOf(many), mediaType)
  expect([...blobs, ...manifests].filter(({ digest }) => digest !== CONFIG.digest)).toEqual(many)

  const tooMany = documentOf([...many, LAYER])
  expectInvalid(tooMany, mediaType, new RegExp(`^${field} has more than 4000 entries`))
})
