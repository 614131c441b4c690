import { expect, test } from 'vitest'

import type { Finding } from '../../src/maintenance/finding.ts'
import type { StoredObject } from '../../src/storage/object-store.ts'
import { bytesOf, digestOf, pushImage, startUpload } from '../suites/client.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'
import { fillBucket, type Bucket, type Keys } from './support/bucket.ts'
import { findingsOf } from './support/found.ts'

test('a registry that was pushed to has neither breach nor leak', async () => {
  const { registry } = await fillBucket()
  expect(await findingsOf(registry.objects, { verify: true })).toEqual([])
})

test('an empty bucket has neither', async () => {
  expect(await findingsOf(createMemoryRegistry().objects, { verify: true })).toEqual([])
})

test('what deletions, moved tags and unfinished uploads leave is a leak', async () => {
  const registry = createMemoryRegistry()
  await pushImage(registry, 'app', 'v1')
  const after = await pushImage(registry, 'app', 'v1')
  const gone = await pushImage(registry, 'app', 'v2')
  await pushImage(registry, 'app', 'v3')
  for (const reference of [gone.digest, 'v3'])
    await registry.fetch(`/v2/app/manifests/${reference}`, { method: 'DELETE' })
  await registry.fetch(await startUpload(registry, 'app'), { method: 'PATCH', body: bytesOf(5) })

  const findings = await findingsOf(registry.objects, { verify: true })
  expect(findings.map(({ severity, kind }) => `${severity} ${kind}`).sort()).toEqual([
    'leak ref-without-manifest',
    'leak ref-without-manifest',
    'leak tagged-hint-without-tag',
    'leak tagged-hint-without-tag',
    'leak tagged-hint-without-tag',
    'leak unfinished-upload',
  ])
  const hints = findings.filter(({ kind }) => kind === 'tagged-hint-without-tag')
  expect(hints.map(({ detail }) => detail).sort()).toEqual([
    'the tag is gone',
    'the tag is gone',
    `the tag points to ${after.digest}`,
  ])
})

const EMPTY = { bytes: new Uint8Array(0), size: 0, contentType: '', metadata: {}, lastModified: new Date() }
const HEX = '0a'.repeat(32)

type Damage = (bucket: Bucket) => void
const remove =
  (...keys: (keyof Keys)[]): Damage =>
  (bucket) => {
    for (const key of keys) bucket.objects.delete(bucket.keys[key])
  }
const change =
  (key: keyof Keys, to: Partial<StoredObject>): Damage =>
  ({ objects, keys }) => {
    objects.set(keys[key], { ...(objects.get(keys[key]) ?? EMPTY), ...to })
  }
const fill = (key: keyof Keys, text: string): Damage =>
  change(key, { bytes: new TextEncoder().encode(text), size: text.length })
const add =
  (key: string): Damage =>
  ({ objects }) => {
    objects.set(key, EMPTY)
  }
/** A manifest that stands under its own digest. */
const addManifest =
  (text: string, contentType: string): Damage =>
  ({ objects }) => {
    const key = `repositories/app/_manifests/${digestOf(text).replace(':', '/')}`
    objects.set(key, { ...EMPTY, contentType, bytes: new TextEncoder().encode(text), size: text.length })
  }
const blobKeyOf = (text: string, algorithm = 'sha256') => `blobs/${digestOf(text, algorithm).replace(':', '/')}`
const addBlob =
  (text: string, algorithm?: string): Damage =>
  ({ objects }) => {
    const bytes = new TextEncoder().encode(text)
    objects.set(blobKeyOf(text, algorithm), { ...EMPTY, bytes, size: bytes.length })
  }
/** Its sha256 begins with four zeros. */
const FIRST = '88484'
const manifestKeyOf = (text: string) => `repositories/app/_manifests/${digestOf(text).replace(':', '/')}`

/** Each line: severity, kind, the key or its name in `Keys`; `+` when it can be repaired. */
const CASES: readonly (readonly [what: string, damage: Damage, want: readonly string[]])[] = [
  [
    'the bytes of a blob are gone',
    remove('blob'),
    ['breach holder-without-blob holder', 'breach manifest-without-blob image'],
  ],
  [
    'a blob was deleted from the repository',
    remove('holder'),
    ['leak blob-without-holder blob', 'breach manifest-without-blob image'],
  ],
  ['a blob is gone altogether', remove('holder', 'blob'), ['breach manifest-without-blob image']],
  ['a blob is not kept for its manifest', remove('user'), ['+breach manifest-without-ref image']],
  ['a child is not kept for its index', remove('childUser'), ['+breach manifest-without-ref index']],
  [
    'a manifest is gone',
    remove('image'),
    [
      'leak ref-without-manifest user',
      'leak ref-without-manifest configUser',
      'leak ref-without-manifest sharedUser',
      'breach manifest-without-child index',
      'breach tag-without-manifest tag',
    ],
  ],
  ['a manifest has other bytes', fill('image', '{}'), ['breach manifest-of-other-bytes image']],
  [
    'a manifest has lost its media type',
    change('image', { contentType: 'text/plain' }),
    ['breach manifest-unreadable image'],
  ],
  [
    'a manifest is not JSON',
    addManifest('{', 'application/vnd.oci.image.manifest.v1+json'),
    [`breach manifest-unreadable ${manifestKeyOf('{')}`],
  ],
  [
    'a referrer is not in the list of its subject',
    remove('referrersHint'),
    ['+breach manifest-without-referrers-hint referrer'],
  ],
  ['a tag is not noted at its manifest', remove('tagged'), ['+breach tag-without-hint tag']],
  ['a tag record is not JSON', fill('tag', '{'), ['breach tag-unreadable tag']],
  ['a tag record is of no manifest', fill('tag', '{"digest":"latest"}'), ['breach tag-unreadable tag']],
  ['a tag record is empty', fill('tag', ''), ['breach tag-unreadable tag']],
  [
    'a holder has another size than the blob',
    change('holder', { metadata: { size: '49' } }),
    ['+breach holder-of-other-size holder'],
  ],
  ['a holder has lost its size', change('holder', { metadata: {} }), []],
  [
    'a blob is cut off',
    change('blob', { bytes: bytesOf(49), size: 49 }),
    ['breach holder-of-other-size holder', 'breach blob-of-other-bytes blob'],
  ],
  ['a blob has other bytes', change('blob', { bytes: bytesOf(50) }), ['breach blob-of-other-bytes blob']],
  ['a blob that nobody holds, first', addBlob(FIRST), [`leak blob-without-holder ${blobKeyOf(FIRST)}`]],
  ['a blob that nobody holds, last', addBlob('', 'sha512'), [`leak blob-without-holder ${blobKeyOf('', 'sha512')}`]],
  [
    'a ref of a manifest that never came',
    add(`refs/sha256/${HEX}/app/@sha256-${HEX}`),
    [`leak ref-without-manifest refs/sha256/${HEX}/app/@sha256-${HEX}`],
  ],
  [
    'a hint of a tag that never came',
    add(`repositories/app/_tagged/sha256-${HEX}/v1`),
    [`leak tagged-hint-without-tag repositories/app/_tagged/sha256-${HEX}/v1`],
  ],
  [
    'a hint of a referrer that never came',
    add(`repositories/app/_referrers/sha256-${HEX}/sha256-${HEX}`),
    [`leak referrers-hint-without-manifest repositories/app/_referrers/sha256-${HEX}/sha256-${HEX}`],
  ],
  [
    'a chunk of an upload',
    add(`uploads/s/${'0'.repeat(16)}-n`),
    [`leak unfinished-upload uploads/s/${'0'.repeat(16)}-n`],
  ],
  ['a cancelled upload', add('uploads/s/cancelled'), ['leak unfinished-upload uploads/s/cancelled']],
  ['a key of somebody else', add('Thumbs.db'), ['leak unknown-object Thumbs.db']],
  ['a name that is no repository', add('repositories/App/_tags/v1'), ['leak unknown-object repositories/App/_tags/v1']],
]

function linesOf(findings: readonly Finding[], keys: Keys): string[] {
  const names = new Map(Object.entries(keys).map(([name, key]: [string, string]) => [key, name]))
  const lines = findings.map(
    ({ severity, kind, key, repair }) => `${repair ? '+' : ''}${severity} ${kind} ${names.get(key) ?? key}`,
  )
  return lines.sort()
}

test.each(CASES)('%s: that is found, and nothing else; a repair mends it', async (_, damage, want) => {
  const bucket = await fillBucket()
  damage(bucket)
  const findings = await findingsOf(bucket.registry.objects, { verify: true })
  expect(linesOf(findings, bucket.keys)).toEqual([...want].sort())

  for (const { repair } of findings) await repair?.()
  const left = want.filter((line) => !line.startsWith('+')).sort()
  expect(linesOf(await findingsOf(bucket.registry.objects, { verify: true }), bucket.keys)).toEqual(left)
})

test('the bytes of blobs are read only when asked for', async () => {
  const bucket = await fillBucket()
  change('blob', { bytes: bytesOf(50) })(bucket)
  expect(await findingsOf(bucket.registry.objects)).toEqual([])
})

test('a repair that comes late brings back nothing', async () => {
  const bucket = await fillBucket()
  change('holder', { metadata: { size: '1' } })(bucket)
  const findings = await findingsOf(bucket.registry.objects)
  remove('holder')(bucket) // a user has deleted the blob meanwhile
  for (const { repair } of findings) await repair?.()
  expect(bucket.objects.has(bucket.keys.holder)).toBe(false)
})

test('every repository is looked at for its catalog record', async () => {
  const { registry, objects } = await fillBucket()
  for (const key of ['catalog/app!', 'catalog/app/0!']) objects.delete(key)
  const findings = await findingsOf(registry.objects)
  expect(findings.map(({ kind }) => kind)).toEqual(['manifest-outside-catalog', 'manifest-outside-catalog'])
  for (const { repair } of findings) await repair?.()
  const catalog = await registry.fetch('/v2/_catalog')
  expect(await catalog.json()).toEqual({ repositories: ['app', 'app/0'] })
})
