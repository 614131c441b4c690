import { expect, test } from 'vitest'

import { digestOf, digestParts } from '../../src/oci/digest.ts'
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { Manifests } from '../../src/storage/manifests.ts'
import { watchedStore } from './support/stores.ts'

const APP = parseRepositoryName('team/app')
const OTHER = parseRepositoryName('team/app/b')
// Neither the spacing nor the order of fields is what a serializer would make.
const BYTES = new TextEncoder().encode('{ "schemaVersion" : 2,\n"é":1 }\n ')

test.each(['sha256', 'sha512'] as const)('a manifest comes back as it was pushed, under its %s', async (algorithm) => {
  const { store, objects, calls } = watchedStore()
  const manifests = new Manifests(store)
  const digest = digestOf(BYTES, algorithm)
  const key = `repositories/team/app/_manifests/${algorithm}/${digestParts(digest).hex}`
  expect(await manifests.get(APP, digest)).toBeNull()
  expect(await manifests.stat(APP, digest)).toBeNull()

  await manifests.put(APP, digest, OCI_IMAGE_INDEX, BYTES)
  expect([...objects.keys()]).toEqual([key])
  calls.length = 0
  expect(await manifests.stat(APP, digest)).toEqual({ mediaType: OCI_IMAGE_INDEX, size: BYTES.length })
  expect(await manifests.get(APP, digest)).toEqual({ mediaType: OCI_IMAGE_INDEX, size: BYTES.length, bytes: BYTES })
  expect(calls).toEqual([`head ${key}`, `get ${key}`])
})

test("a manifest is its repository's alone", async () => {
  const manifests = new Manifests(watchedStore().store)
  const digest = digestOf(BYTES)
  await manifests.put(APP, digest, OCI_IMAGE_MANIFEST, BYTES)
  expect(await manifests.stat(OTHER, digest)).toBeNull()
  expect(await manifests.get(OTHER, digest)).toBeNull()
  await manifests.delete(OTHER, digest)
  expect(await manifests.stat(APP, digest)).not.toBeNull()
})

test('a deleted manifest is gone, and deleting it again is no error', async () => {
  const { store, objects } = watchedStore()
  const manifests = new Manifests(store)
  const [digest, other] = [digestOf(BYTES), digestOf(new Uint8Array(0))]
  await manifests.put(APP, digest, OCI_IMAGE_MANIFEST, BYTES)
  await manifests.put(APP, other, OCI_IMAGE_MANIFEST, new Uint8Array(0))
  await manifests.delete(APP, digest)
  await manifests.delete(APP, digest)
  expect(await manifests.get(APP, digest)).toBeNull()
  expect(objects.size).toBe(1)
})

test('a referrer is noted under its subject, and is no manifest by that', async () => {
  const { store, objects } = watchedStore()
  const manifests = new Manifests(store)
  const [subject, referrer] = [digestOf(BYTES), digestOf(BYTES, 'sha512')]
  await manifests.noteReferrer(APP, subject, referrer)
  const [subjectHex, referrerHex] = [digestParts(subject).hex, digestParts(referrer).hex]
  expect([...objects.entries()].map(([key, { size }]) => [key, size])).toEqual([
    [`repositories/team/app/_referrers/sha256-${subjectHex}/sha512-${referrerHex}`, 0],
  ])
  expect(await manifests.stat(APP, referrer)).toBeNull()
  expect(await manifests.isReferrer(APP, subject, referrer)).toBe(true)
  expect(await manifests.isReferrer(APP, referrer, subject)).toBe(false)
  expect(await manifests.isReferrer(OTHER, subject, referrer)).toBe(false)
})

test('referrers are listed by their subject, a page at a time, the same in every listing', async () => {
  const { store, calls } = watchedStore()
  const manifests = new Manifests(store)
  const digests = Array.from({ length: 5 }, (_, index) =>
    digestOf(new Uint8Array([index]), index > 2 ? 'sha512' : 'sha256'),
  )
  const [subject, other] = [digestOf(BYTES), digestOf(BYTES, 'sha512')]
  for (const referrer of digests) await manifests.noteReferrer(APP, subject, referrer)
  await manifests.noteReferrer(APP, other, digestOf(BYTES))
  await manifests.noteReferrer(OTHER, subject, digestOf(BYTES))
  const inOrder = [...digests].sort()

  calls.length = 0
  expect(await manifests.listReferrers(APP, subject, null, 5)).toEqual({ referrers: inOrder, more: false })
  expect(calls).toEqual([`list repositories/team/app/_referrers/sha256-${digestParts(subject).hex}/`])
  expect(await manifests.listReferrers(APP, subject, null, 2)).toEqual({ referrers: inOrder.slice(0, 2), more: true })
  const [, second = null] = inOrder
  expect(await manifests.listReferrers(APP, subject, second, 9)).toEqual({ referrers: inOrder.slice(2), more: false })
  expect(await manifests.listReferrers(APP, digestOf(new Uint8Array(9)), null, 9)).toEqual({
    referrers: [],
    more: false,
  })
})
