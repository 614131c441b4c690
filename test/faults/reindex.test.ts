import { reindexTags } from '../../src/maintenance/reindex-tags.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { putManifest } from '../suites/client.ts'
import { Misbehaviour } from './client.ts'
import { describeSweep } from './describe-sweep.ts'
import { imageNamed } from './manifests.ts'
import { CONFIG, LAYER, STABLE, type Operation } from './scenario.ts'

const app = parseRepositoryName('app')
const [OLD, NEW] = [imageNamed('old'), imageNamed('new')]

/** @param written tags that KV must know afterwards */
function reindex(written: readonly string[]): Operation {
  return {
    run: (client) =>
      client.maintain('reindex', ({ objects, tagIndex }) => reindexTags(objects, tagIndex, { from: null })),
    async promised({ tagIndex }) {
      for (const tag of written)
        if ((await tagIndex.get(app, parseTag(tag))) === null) throw new Misbehaviour(`KV was not told of ${tag}`)
    },
  }
}

describeSweep('reindex', [
  {
    name: 'a KV that is behind, that has lost a tag, and that has one too many',
    async prepare(registry) {
      const { tagIndex } = registry.services
      await putManifest(registry, 'app', 'moved', OLD)
      const before = await tagIndex.get(app, parseTag('moved'))
      await putManifest(registry, 'app', 'moved', NEW)
      for (const tag of ['moved', 'gone']) if (before !== null) await tagIndex.put(app, parseTag(tag), before)
      await tagIndex.delete(app, parseTag('stable'))
    },
    watched: [{ repository: 'app', tag: 'stable', images: [STABLE], blobs: [CONFIG, LAYER] }],
    staleBefore: true,
    operation: () => reindex(['moved', 'stable']),
  },
])
