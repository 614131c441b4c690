import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { bytesOf, digestOf, imageOf, indexOf, pushBlob, putManifest, type TestManifest } from '../suites/client.ts'
import type { MemoryRegistry } from '../suites/registry-under-test.ts'
import { describeSweep } from './describe-sweep.ts'
import { imageNamed, pull, push, refusedPush, remove } from './manifests.ts'
import { CONFIG, LAYER, STABLE, type Scenario } from './scenario.ts'

const [OLD, NEW, CHILD] = [imageNamed('old'), imageNamed('new'), imageNamed('child')]
const INDEX = indexOf([STABLE, CHILD])
const REFERRER = imageNamed('referrer', {
  subject: { mediaType: STABLE.mediaType, digest: STABLE.digest, size: STABLE.text.length },
})
const ABSENT = bytesOf(9)
const TAGS = ['one', 'two', 'three']
const BLOBS = [CONFIG, LAYER]

const app = parseRepositoryName('app')

/** Points these tags of `app` to a manifest. */
const tagged =
  (manifest: TestManifest, ...tags: readonly string[]) =>
  async (registry: MemoryRegistry) => {
    for (const tag of tags) await putManifest(registry, 'app', tag, manifest)
  }

async function forget(registry: MemoryRegistry, ...tags: readonly string[]): Promise<void> {
  for (const tag of tags) await registry.services.tagIndex.delete(app, parseTag(tag))
}

const PUSHES: readonly Scenario[] = [
  {
    name: 'the first of its repository',
    async prepare(registry) {
      for (const blob of BLOBS) await pushBlob(registry, 'fresh', blob)
    },
    operation: () => push({ repository: 'fresh', manifest: NEW, tag: 'v1' }),
  },
  { name: 'a new tag', operation: () => push({ manifest: NEW, tag: 'v1' }) },
  { name: 'by digest', operation: () => push({ manifest: NEW }) },
  { name: 'an index', prepare: tagged(CHILD, 'child'), operation: () => push({ manifest: INDEX, tag: 'v1' }) },
  { name: 'with a subject', operation: () => push({ manifest: REFERRER, subject: STABLE }) },
  {
    name: 'with a subject, under a tag',
    operation: () => push({ manifest: REFERRER, tag: 'signed', subject: STABLE }),
  },
  {
    name: 'a tag that moves',
    prepare: tagged(OLD, 'latest'),
    watched: [{ repository: 'app', tag: 'latest', images: [OLD, NEW], blobs: BLOBS }],
    operation: () => push({ manifest: NEW, tag: 'latest' }),
  },
  {
    name: 'a tag that moves, of which KV knows nothing',
    async prepare(registry) {
      await tagged(OLD, 'latest')(registry)
      await forget(registry, 'latest')
    },
    watched: [{ repository: 'app', tag: 'latest', images: [OLD, NEW], blobs: BLOBS }],
    operation: () => push({ manifest: NEW, tag: 'latest' }),
  },
  { name: 'with three tags in ?tag=', operation: () => push({ manifest: NEW, moreTags: TAGS }) },
  {
    name: 'with three tags that move in ?tag=',
    prepare: tagged(OLD, ...TAGS),
    watched: TAGS.map((tag) => ({ repository: 'app', tag, images: [OLD, NEW], blobs: BLOBS })),
    operation: () => push({ manifest: NEW, tag: 'one', moreTags: TAGS }),
  },
  {
    name: 'again, nothing changed',
    prepare: tagged(NEW, 'v1'),
    watched: [{ repository: 'app', tag: 'v1', images: [NEW], blobs: BLOBS }],
    operation: () => push({ manifest: NEW, tag: 'v1' }),
  },
  { name: 'one whose blob is not there', operation: () => refusedPush(imageOf(ABSENT, [LAYER]), 'v1') },
  { name: 'an index whose child is not there', operation: () => refusedPush(indexOf([STABLE, CHILD]), 'v1') },
]

const DELETIONS: readonly Scenario[] = [
  {
    name: 'of a tag',
    prepare: tagged(OLD, 'gone', 'kept'),
    watched: [{ repository: 'app', tag: 'kept', images: [OLD], blobs: BLOBS }],
    operation: () => remove('/v2/app/manifests/gone', ['/v2/app/manifests/gone']),
  },
  {
    name: 'of a tag of which KV knows nothing',
    async prepare(registry) {
      await tagged(OLD, 'gone')(registry)
      await forget(registry, 'gone')
    },
    operation: () => remove('/v2/app/manifests/gone', ['/v2/app/manifests/gone']),
  },
  {
    name: 'of a manifest without a tag',
    prepare: tagged(OLD, OLD.digest),
    operation: () => remove(`/v2/app/manifests/${OLD.digest}`, [`/v2/app/manifests/${OLD.digest}`]),
  },
  {
    name: 'of a manifest with three tags, while a fourth has moved on',
    async prepare(registry) {
      await tagged(OLD, ...TAGS, 'moved')(registry)
      await tagged(NEW, 'moved')(registry)
    },
    watched: [{ repository: 'app', tag: 'moved', images: [NEW], blobs: BLOBS }],
    operation: () =>
      remove(
        `/v2/app/manifests/${OLD.digest}`,
        [OLD.digest, ...TAGS].map((reference) => `/v2/app/manifests/${reference}`),
      ),
  },
  {
    name: 'of a blob that another repository holds too',
    async prepare(registry) {
      for (const repository of ['app', 'holding']) await pushBlob(registry, repository, ABSENT)
      for (const blob of BLOBS) await pushBlob(registry, 'holding', blob)
      await putManifest(registry, 'holding', 'v1', NEW)
    },
    watched: [{ repository: 'holding', tag: 'v1', images: [NEW], blobs: [...BLOBS, ABSENT] }],
    operation: () => remove(`/v2/app/blobs/${digestOf(ABSENT)}`, [`/v2/app/blobs/${digestOf(ABSENT)}`]),
  },
]

const PULLS: readonly Scenario[] = [
  { name: 'by tag, from KV', operation: () => pull('stable', STABLE) },
  {
    name: 'by tag, of which KV knows nothing',
    prepare: (registry) => forget(registry, 'stable'),
    operation: () => pull('stable', STABLE),
  },
  { name: 'by digest', operation: () => pull(STABLE.digest, STABLE) },
]

describeSweep('manifest pushes', PUSHES)
describeSweep('deletions', DELETIONS)
describeSweep('manifest pulls', PULLS)
