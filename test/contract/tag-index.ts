import { describe, expect, test } from 'vitest'

import type { Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/oci/media-types.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName, type RepositoryName } from '../../src/oci/repository.ts'
import type { TagIndex } from '../../src/storage/tag-index.ts'

const ONE: Descriptor = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(new Uint8Array([1])), size: 1 }
const OTHER: Descriptor = { mediaType: OCI_IMAGE_INDEX, digest: digestOf(new Uint8Array([2]), 'sha512'), size: 0 }

/**
 * What src/storage/tag-index.ts promises, asked of an adapter in one place: there its own writes are to be seen.
 *
 * @param open the index under test, which may hold other entries
 */
export function describeTagIndex(name: string, open: () => Promise<TagIndex>): void {
  describe(`${name} keeps the contract of a tag index`, () => {
    test('a tag that was never put is null', async () => {
      expect(await (await open()).get(ownRepository(), parseTag('v1'))).toBeNull()
    })

    test.each([ONE, OTHER])('a tag points to what was put: $mediaType', async (manifest) => {
      const [index, repository] = [await open(), ownRepository()]
      await index.put(repository, parseTag('v1'), manifest)
      expect(await index.get(repository, parseTag('v1'))).toEqual(manifest)
    })

    test('a tag moves', async () => {
      const [index, repository] = [await open(), ownRepository()]
      await index.put(repository, parseTag('v1'), ONE)
      await index.put(repository, parseTag('v1'), OTHER)
      expect(await index.get(repository, parseTag('v1'))).toEqual(OTHER)
    })

    test('a deleted tag is null, and may be put again', async () => {
      const [index, repository] = [await open(), ownRepository()]
      await index.put(repository, parseTag('v1'), ONE)
      await index.delete(repository, parseTag('v1'))
      expect(await index.get(repository, parseTag('v1'))).toBeNull()
      await index.put(repository, parseTag('v1'), OTHER)
      expect(await index.get(repository, parseTag('v1'))).toEqual(OTHER)
    })

    test('deleting a tag that is not there is no error', async () => {
      await expect((await open()).delete(ownRepository(), parseTag('v1'))).resolves.toBeUndefined()
    })

    test('each tag of each repository is one of its own', async () => {
      const index = await open()
      const own = ownRepository()
      const places = [own, `${own}/b`, `${own}-b`].flatMap((repository) =>
        ['v1', 'V1', 'v1.0', '_', 'a'.repeat(128)].map(
          (tag) => [parseRepositoryName(repository), parseTag(tag)] as const,
        ),
      )
      for (const [size, [repository, tag]] of places.entries()) await index.put(repository, tag, { ...ONE, size })
      for (const [size, [repository, tag]] of places.entries())
        expect(await index.get(repository, tag)).toEqual({ ...ONE, size })

      const [[repository, tag] = expect.fail('no places'), ...others] = places
      await index.delete(repository, tag)
      expect(await index.get(repository, tag)).toBeNull()
      for (const [at, [elsewhere, other]] of others.entries())
        expect(await index.get(elsewhere, other)).toEqual({ ...ONE, size: at + 1 })
    })

    test('the longest names fit', async () => {
      const index = await open()
      const repository = parseRepositoryName(`${'a'.repeat(254 - 36)}/${crypto.randomUUID()}`)
      await index.put(repository, parseTag('t'.repeat(128)), ONE)
      expect(await index.get(repository, parseTag('t'.repeat(128)))).toEqual(ONE)
    })
  })
}

/** That no other test uses: the index is shared. */
function ownRepository(): RepositoryName {
  return parseRepositoryName(`contract/${crypto.randomUUID()}`)
}
