import { describe, expect, test } from 'vitest'

import type { Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf, parseDigest } from '../../src/oci/digest.ts'
import { parseManifest } from '../../src/oci/manifest.ts'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from '../../src/oci/media-types.ts'
import { refusal } from './support/refusal.ts'

const CONFIG = descriptor('application/vnd.oci.image.config.v1+json', 'config')
const LAYER = descriptor('application/vnd.oci.image.layer.v1.tar+gzip', 'layer')
const OTHER_LAYER = descriptor('application/vnd.oci.image.layer.v1.tar', 'other layer', 'sha512')
const FOREIGN_LAYER = {
  ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'foreign'),
  urls: ['https://example.test/layer'],
}
const CHILD = descriptor(OCI_IMAGE_MANIFEST, 'child')

const IMAGE = { schemaVersion: 2, config: CONFIG, layers: [LAYER, OTHER_LAYER] }
const INDEX = { schemaVersion: 2, manifests: [CHILD] }

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

describe('each field is checked, and named', () => {
  test.each([1, 3, '2', null, undefined, [2]])('schemaVersion %j', (schemaVersion) => {
    expectInvalid({ ...IMAGE, schemaVersion }, OCI_IMAGE_MANIFEST, /^schemaVersion/)
    expectInvalid({ ...INDEX, schemaVersion }, OCI_IMAGE_INDEX, /^schemaVersion/)
  })

  test.each([
    [undefined, /^config is not an object/],
    [null, /^config is not an object/],
    ['sha256:', /^config is not an object/],
    [[CONFIG], /^config is not an object/],
    [{}, /^config\./],
  ])('config %j', (config, detail) => {
    expectInvalid({ ...IMAGE, config }, OCI_IMAGE_MANIFEST, detail)
  })

  test.each([
    [undefined, /^layers is not an array/],
    [null, /^layers is not an array/],
    [{ 0: LAYER, length: 1 }, /^layers is not an array/],
    ['', /^layers is not an array/],
    [[null], /^layers\[0\] is not an object/],
    [[LAYER, []], /^layers\[1\] is not an object/],
    [[LAYER, LAYER, 'x'], /^layers\[2\] is not an object/],
    [[LAYER, {}], /^layers\[1\]\./],
  ])('layers %j', (layers, detail) => {
    expectInvalid({ ...IMAGE, layers }, OCI_IMAGE_MANIFEST, detail)
  })

  test.each([
    [undefined, /^manifests is not an array/],
    [null, /^manifests is not an array/],
    [CHILD, /^manifests is not an array/],
    [[CHILD, 1], /^manifests\[1\] is not an object/],
  ])('manifests %j', (manifests, detail) => {
    expectInvalid({ ...INDEX, manifests }, OCI_IMAGE_INDEX, detail)
  })

  test.each([
    [null, /^subject is not an object/],
    ['', /^subject is not an object/],
    [[], /^subject is not an object/],
    [{}, /^subject\./],
  ])('subject %j', (subject, detail) => {
    expectInvalid({ ...IMAGE, subject }, OCI_IMAGE_MANIFEST, detail)
    expectInvalid({ ...INDEX, subject }, OCI_IMAGE_INDEX, detail)
  })

  const FIELDS: [field: string, value: unknown][] = [
    ['mediaType', undefined],
    ['mediaType', ''],
    ['mediaType', null],
    ['mediaType', 1],
    ['size', undefined],
    ['size', null],
    ['size', '7'],
    ['size', -1],
    ['size', 0.5],
    ['size', 2 ** 53],
    ['size', 1e300],
    ['digest', undefined],
    ['digest', null],
    ['digest', ''],
    ['digest', 'latest'],
    ['digest', { algorithm: 'sha256' }],
    ['digest', `md5:${'0'.repeat(32)}`],
    ['digest', `sha256:${'0'.repeat(63)}`],
    ['digest', `sha256:${'A'.repeat(64)}`],
  ]

  test.each(FIELDS)('%s %j of a descriptor, wherever it stands', (field, value) => {
    const broken = (whole: Descriptor) => ({ ...whole, [field]: value })
    const at = (path: string) => new RegExp(`^${path}\\.${field} is not a`)
    expectInvalid({ ...IMAGE, config: broken(CONFIG) }, OCI_IMAGE_MANIFEST, at('config'))
    expectInvalid({ ...IMAGE, layers: [LAYER, broken(OTHER_LAYER)] }, OCI_IMAGE_MANIFEST, at('layers\\[1\\]'))
    expectInvalid({ ...INDEX, manifests: [broken(CHILD)] }, OCI_IMAGE_INDEX, at('manifests\\[0\\]'))
    expectInvalid({ ...IMAGE, subject: broken(CHILD) }, OCI_IMAGE_MANIFEST, at('subject'))
  })

  test('also of a layer that need not be here', () => {
    expectInvalid({ ...IMAGE, layers: [{ ...FOREIGN_LAYER, size: -1 }] }, OCI_IMAGE_MANIFEST, /^layers\[0\]\.size/)
  })
})

describe('the bytes', () => {
  test.each([
    ['nothing', ''],
    ['a space', ' '],
    ['half of a document', JSON.stringify(IMAGE).slice(0, -1)],
    ['a document and more', `${JSON.stringify(IMAGE)}{}`],
    ['a text that is no JSON', 'hello'],
    ['a byte order mark', `\uFEFF${JSON.stringify(IMAGE)}`],
    ['YAML', 'schemaVersion: 2'],
    ['a number that JSON has not', '{"schemaVersion": NaN}'],
    ['a comma too many', '{"schemaVersion": 2,}'],
  ])('%s', (_, text) => {
    const { code, details } = refusal(() => parseManifest(new TextEncoder().encode(text), OCI_IMAGE_MANIFEST))
    expect(code).toBe('MANIFEST_INVALID')
    expect(details).toEqual(['manifest is not JSON'])
  })

  test.each([
    ['a byte that no text has', [0xff]],
    ['half of a character', [0xc3]],
    ['a longer way to write a character', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
  ])('that are not UTF-8: %s', (_, bad) => {
    const [before = '', after = ''] = JSON.stringify({ ...IMAGE, note: '|' }).split('|')
    const encoder = new TextEncoder()
    const bytes = new Uint8Array([...encoder.encode(before), ...bad, ...encoder.encode(after)])
    const { code, details } = refusal(() => parseManifest(bytes, OCI_IMAGE_MANIFEST))
    expect(code).toBe('MANIFEST_INVALID')
    expect(details).toEqual(['manifest is not JSON'])
  })

  test('that are UTF-16', () => {
    const units = Uint16Array.from(JSON.stringify(IMAGE), (character) => character.charCodeAt(0))
    const bytes = new Uint8Array(units.buffer)
    expect(refusal(() => parseManifest(bytes, OCI_IMAGE_MANIFEST)).code).toBe('MANIFEST_INVALID')
  })

  test.each(['[]', 'null', '2', '"manifest"', 'true', `[${JSON.stringify(IMAGE)}]`])(
    'that are JSON, but no object: %s',
    (text) => {
      const { code, details } = refusal(() => parseManifest(new TextEncoder().encode(text), OCI_IMAGE_MANIFEST))
      expect(code).toBe('MANIFEST_INVALID')
      expect(details).toEqual(['manifest is not an object'])
    },
  )
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

function descriptor(mediaType: string, text: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Descriptor {
  const bytes = new TextEncoder().encode(text)
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length }
}

function parse(document: unknown, contentType: string | null) {
  return parseManifest(new TextEncoder().encode(JSON.stringify(document)), contentType)
}

function expectInvalid(document: unknown, contentType: string | null, detail: RegExp): void {
  const { code, status, details } = refusal(() => parse(document, contentType))
  expect({ code, status }).toEqual({ code: 'MANIFEST_INVALID', status: 400 })
  expect(details).toEqual([expect.stringMatching(detail)])
}
