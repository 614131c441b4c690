import { describe, expect, test } from 'vitest'

import { digestOf } from '../../src/oci/digest.ts'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from '../../src/oci/media-types.ts'
import { describeReferrer } from '../../src/oci/referrer.ts'

const CONFIG = { mediaType: 'application/vnd.example.config+json', digest: digestOf(new Uint8Array(0)), size: 0 }

describe('the artifact type of a referrer', () => {
  test.each([
    ['is its own', OCI_IMAGE_MANIFEST, { artifactType: 'application/a', config: CONFIG }, 'application/a'],
    ['is its own', OCI_IMAGE_INDEX, { artifactType: 'application/a' }, 'application/a'],
    ["is an image's config's", OCI_IMAGE_MANIFEST, { config: CONFIG }, CONFIG.mediaType],
    ["is an image's config's", DOCKER_MANIFEST, { config: CONFIG }, CONFIG.mediaType],
    ["is an image's config's", OCI_IMAGE_MANIFEST, { artifactType: '', config: CONFIG }, CONFIG.mediaType],
    ["is an image's config's", OCI_IMAGE_MANIFEST, { artifactType: 7, config: CONFIG }, CONFIG.mediaType],
    ['is none', OCI_IMAGE_MANIFEST, { config: { ...CONFIG, mediaType: 7 } }, undefined],
    ['is none', OCI_IMAGE_MANIFEST, { config: [CONFIG] }, undefined],
    ['is none of an index', OCI_IMAGE_INDEX, { config: CONFIG }, undefined],
    ['is none of an index', DOCKER_MANIFEST_LIST, {}, undefined],
  ])('%s: %s %j', (_, mediaType, document, want) => {
    const referrer = described(document, mediaType)
    expect(referrer.artifactType).toBe(want)
    expect('artifactType' in referrer).toBe(want !== undefined)
  })
})

describe('the annotations of a referrer', () => {
  test.each([{}, { 'org.example': 'é' }, { a: '1', b: '2', 'newUnspecifiedField.x': '' }])(
    'are all its own: %j',
    (own) => {
      expect(described({ annotations: own, config: CONFIG }, OCI_IMAGE_MANIFEST).annotations).toEqual(own)
    },
  )

  test.each([undefined, null, 'x', 7, ['x']])('are none when they are %j', (annotations) => {
    expect('annotations' in described({ annotations, config: CONFIG }, OCI_IMAGE_MANIFEST)).toBe(false)
  })
})

test('a referrer is a descriptor of its manifest, and no more than the spec has', () => {
  const bytes = encode({
    mediaType: OCI_IMAGE_MANIFEST,
    config: CONFIG,
    subject: CONFIG,
    layers: [],
    more: 1,
    data: 'e30=',
  })
  const digest = digestOf(bytes, 'sha512')
  expect(describeReferrer(bytes, OCI_IMAGE_MANIFEST, digest)).toEqual({
    mediaType: OCI_IMAGE_MANIFEST,
    digest,
    size: bytes.length,
    artifactType: CONFIG.mediaType,
  })
})

function described(document: object, mediaType: string) {
  const bytes = encode(document)
  return describeReferrer(bytes, mediaType, digestOf(bytes))
}

function encode(document: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document))
}
