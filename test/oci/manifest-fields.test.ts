import { describe, expect, test } from 'vitest'

import type { Descriptor } from '../../src/oci/descriptor.ts'
import { parseManifest } from '../../src/oci/manifest.ts'
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import { CHILD, CONFIG, expectInvalid, FOREIGN_LAYER, IMAGE, INDEX, LAYER, OTHER_LAYER } from './support/manifests.ts'
import { refusal } from './support/refusal.ts'

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
