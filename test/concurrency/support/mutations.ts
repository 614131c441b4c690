import { parseDigest, type Digest } from '../../../src/oci/digest.ts'
import type { ManifestPush } from '../../../src/registry/push-manifest.ts'
import type { deleteTag, resolveTag, setTag, TagStores } from '../../../src/registry/tags.ts'
import { blobHolderKey, blobUserKey } from '../../../src/storage/keys.ts'
import { digestOf } from '../../suites/client.ts'
import { APP, CONFIG, LAYER } from './images.ts'
import type { WorldServices } from './world.ts'

/** Stands in for a function of the registry, or adds to one. */
export interface Mutation {
  readonly setTag?: typeof setTag
  readonly deleteTag?: typeof deleteTag
  readonly resolveTag?: typeof resolveTag
  readonly afterDelete?: (services: WorldServices, manifest: Digest) => Promise<void>
  readonly beforePush?: (services: WorldServices, push: ManifestPush) => Promise<void>
  readonly nonce?: string
}

const BLOBS = [CONFIG, LAYER].map((bytes) => parseDigest(digestOf(bytes)))

type Repository = Parameters<typeof setTag>[1]
type Tag = Parameters<typeof setTag>[2]

/** `indexTag` of the registry, which is not exported. */
async function index(
  { tags, tagIndex }: TagStores,
  repository: Repository,
  tag: Tag,
  record: Parameters<typeof setTag>[3],
): Promise<void> {
  await tagIndex.put(repository, tag, record)
  const found = await tags.get(repository, tag)
  if (found?.digest !== record.digest) await tagIndex.delete(repository, tag)
}

/** The registry with a half of its protocols taken out. */
export const MUTATIONS = {
  'a push that does not look again': {
    async setTag({ tags, tagIndex }, repository, tag, record) {
      await tags.noteTagged(repository, record.digest, tag)
      await tags.put(repository, tag, record)
      await tagIndex.put(repository, tag, record)
    },
  },
  'a reader that fills KV and does not look again': {
    async resolveTag({ tags, tagIndex }, repository, tag, background) {
      const indexed = await tagIndex.get(repository, tag)
      if (indexed !== null) return { manifest: indexed, confirmed: false }
      const record = await tags.get(repository, tag)
      if (record === null) return null
      background(tagIndex.put(repository, tag, record))
      return { manifest: record, confirmed: true }
    },
  },
  'a push that writes KV before the record': {
    async setTag({ tags, tagIndex }, repository, tag, record) {
      await tags.noteTagged(repository, record.digest, tag)
      await tagIndex.put(repository, tag, record)
      await tags.put(repository, tag, record)
    },
  },
  'a repeated push that skips KV': {
    async setTag(stores, repository, tag, record) {
      await stores.tags.noteTagged(repository, record.digest, tag)
      if ((await stores.tags.get(repository, tag))?.digest === record.digest) return
      await stores.tags.put(repository, tag, record)
      await index(stores, repository, tag, record)
    },
  },
  'a deletion that takes KV before the record': {
    async deleteTag({ tags, tagIndex }, repository, tag) {
      const existed = (await tags.get(repository, tag)) !== null
      await tagIndex.delete(repository, tag)
      await tags.delete(repository, tag)
      return existed
    },
  },
  'a deletion that leaves KV when the record is gone': {
    async deleteTag({ tags, tagIndex }, repository, tag) {
      if ((await tags.get(repository, tag)) === null) return false
      await tags.delete(repository, tag)
      await tagIndex.delete(repository, tag)
      return true
    },
  },
  'a miss in KV that is not confirmed': {
    async resolveTag({ tagIndex }, repository, tag) {
      const indexed = await tagIndex.get(repository, tag)
      return indexed === null ? null : { manifest: indexed, confirmed: false }
    },
  },
  'a deletion of a manifest that deletes its refs': {
    async afterDelete({ objects }, manifest) {
      for (const blob of BLOBS) await objects.delete(blobUserKey(blob, APP, manifest))
    },
  },
  'a deletion of a manifest that deletes its blobs': {
    async afterDelete({ objects }) {
      for (const blob of BLOBS) await objects.delete(blobHolderKey(blob, APP))
    },
  },
  'a manifest that is stored before its refs': {
    async beforePush({ manifests }, { repository, digest, manifest, bytes }) {
      await manifests.put(repository, digest, manifest.mediaType, bytes)
    },
  },
  'a tag record that is written before the manifest': {
    async beforePush({ tags }, { repository, digest, manifest, bytes, tags: names, by }) {
      const record = { digest, mediaType: manifest.mediaType, size: bytes.length, pushedAt: '', pushedBy: by }
      for (const tag of names) {
        await tags.noteTagged(repository, digest, tag)
        await tags.put(repository, tag, record)
      }
    },
  },
  'two PATCHes that share a key': { nonce: 'always the same' },
} satisfies Record<string, Mutation>
