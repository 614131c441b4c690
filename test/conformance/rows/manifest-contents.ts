import { bytesOf, textOf } from '../bytes.ts'
import { pushBlob } from '../blob-actions.ts'
import { expectHeader } from '../check.ts'
import type { Client } from '../client.ts'
import {
  CONFIG,
  descriptorOf,
  digestOf,
  EMPTY,
  EMPTY_BYTES,
  freshBytes,
  IMAGE,
  imageOf,
  INDEX,
  indexOf,
  LAYER,
  manifestDescriptor,
  manifestOf,
  unknownDigest,
  type Descriptor,
  type Manifest,
} from '../content.ts'
import { expectManifest, prepareImage, pushImage, pushManifest, pushParts } from '../manifest-actions.ts'
import { should, type Level, type Row, type Since } from '../row.ts'

const SECTION = 'Pushing Manifests'

const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json'
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
const DOCKER_FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'

/** Makes a manifest, and pushes what it names. */
type Fixture = (client: Client, repository: string) => Promise<Manifest>

/** Kinds of manifest that clients push: each is kept as it came, and given back by tag and by digest. */
export const CONTENT_ROWS: readonly Row[] = [
  kept('content-1', 'without a mediaType of its own', async (client, repository) => {
    const { config, layer } = await pushParts(client, repository)
    return manifestOf(IMAGE, { config, layers: [layer] })
  }),

  kept('content-2', 'that is an artefact: an artifactType, and the empty config', async (client, repository) => {
    const { layer } = await pushParts(client, repository)
    return imageOf(await emptyConfig(client, repository), [layer], { artifactType: 'application/vnd.example.sbom' })
  }),

  kept('content-3', 'that is an artefact without content of its own', async (client, repository) => {
    const empty = await emptyConfig(client, repository)
    return imageOf(empty, [empty], { artifactType: 'application/vnd.example.note', annotations: { note: 'Grüße ☂' } })
  }),

  kept('content-4', 'whose config has a type of its own', async (client, repository) => {
    const bytes = freshBytes(50)
    await pushBlob(client, repository, bytes)
    return imageOf(descriptorOf('application/vnd.example.config+json', bytes), [descriptorOf('text/plain', bytes)])
  }),

  kept('content-5', 'with fields that nobody has specified', async (client, repository) => {
    const config = bytesOf(JSON.stringify({ os: 'linux', newField: [1, { deep: null }] }))
    await pushBlob(client, repository, config)
    const { layer } = await pushParts(client, repository)
    const odd = { 'org.example.odd': { 'a/b': [true, null, 1e3, '\u0000'] } }
    return imageOf(descriptorOf(CONFIG, config, odd), [{ ...layer, ...odd }], odd)
  }),

  kept('content-6', 'with the data of a blob in its descriptor', async (client, repository) => {
    const { layer } = await pushParts(client, repository)
    const data = btoa(textOf(EMPTY_BYTES))
    return imageOf({ ...(await emptyConfig(client, repository)), data }, [layer])
  }),

  kept('content-7', 'without layers', async (client, repository) => {
    const { config } = await pushParts(client, repository)
    return imageOf(config, [])
  }),

  kept('content-8', 'with layers of every compression', async (client, repository) => {
    const { config, layer } = await pushParts(client, repository)
    const kinds = ['', '+gzip', '+zstd'].map((suffix) => ({ ...layer, mediaType: LAYER + suffix }))
    return imageOf(config, kinds)
  }),

  kept('content-9', 'with the same blob as config and as layers', async (client, repository) => {
    const { layer } = await pushParts(client, repository)
    return imageOf({ ...layer, mediaType: CONFIG }, [layer, layer])
  }),

  kept('content-10', 'with many layers', async (client, repository) => {
    const { config, layer } = await pushParts(client, repository)
    const layers = Array.from({ length: 127 }, () => layer)
    return imageOf(config, layers)
  }),

  kept('content-11', 'with layers that no registry may keep, and none has been pushed', async (client, repository) => {
    const { config, layer } = await pushParts(client, repository)
    const urls = ['https://layers.example/far']
    const foreign = ['', '+gzip', '+zstd'].map((suffix): Descriptor => {
      const mediaType = `application/vnd.oci.image.layer.nondistributable.v1.tar${suffix}`
      return { mediaType, digest: unknownDigest(), size: 123, urls }
    })
    return imageOf(config, [layer, ...foreign])
  }),

  kept('content-12', 'that is an index of two images', async (client, repository) => {
    const images = [await pushImage(client, repository, null), await pushImage(client, repository, null)]
    const platforms = ['amd64', 'arm64'].map((architecture) => ({ platform: { os: 'linux', architecture } }))
    return indexOf(images.map((image, at) => manifestDescriptor(image, platforms[at])))
  }),

  kept('content-13', 'that is an index of none', () => Promise.resolve(indexOf([]))),

  kept('content-14', 'that is an index without a mediaType of its own', async (client, repository) => {
    const image = await pushImage(client, repository, null)
    return manifestOf(INDEX, { manifests: [manifestDescriptor(image)] })
  }),

  kept('content-15', 'that is an index of indexes', async (client, repository) => {
    const inner = indexOf([manifestDescriptor(await pushImage(client, repository, null))])
    await pushManifest(client, repository, inner.digest, inner)
    return indexOf([manifestDescriptor(inner), manifestDescriptor(await pushImage(client, repository, 'beside'))])
  }),

  kept('content-16', 'that is an index with an artifactType', async (client, repository) => {
    const artefact = imageOf(await emptyConfig(client, repository), [await emptyConfig(client, repository)], {
      artifactType: 'application/vnd.example.part',
    })
    await pushManifest(client, repository, artefact.digest, artefact)
    return indexOf([manifestDescriptor(artefact)], { artifactType: 'application/vnd.example.whole' })
  }),

  kept('content-17', 'whose subject has not been pushed', async (client, repository) => {
    const subject = { mediaType: IMAGE, digest: unknownDigest(), size: 7023 }
    return prepareImage(client, repository, { subject })
  }),

  kept(
    'content-18',
    'whose blobs have sha512 digests',
    async (client, repository) => {
      const [config, layer] = [freshBytes(40), freshBytes(41)]
      for (const bytes of [config, layer]) await pushBlob(client, repository, bytes, 'sha512')
      return imageOf(descriptorOf(CONFIG, config, {}, 'sha512'), [descriptorOf(LAYER, layer, {}, 'sha512')])
    },
    'SHOULD',
  ),

  kept('content-19', 'that is an image of Docker', dockerImage, 'SHOULD', 'docker'),

  kept(
    'content-20',
    'that is an image of Docker with a foreign layer',
    async (client, repository) => {
      const { config, layer } = await pushParts(client, repository)
      const urls = ['https://layers.example/far']
      const foreign = { mediaType: DOCKER_FOREIGN, digest: unknownDigest(), size: 123, urls }
      const layers = [foreign, { ...layer, mediaType: DOCKER_LAYER }]
      return manifestOf(DOCKER_IMAGE, {
        mediaType: DOCKER_IMAGE,
        config: { ...config, mediaType: DOCKER_CONFIG },
        layers,
      })
    },
    'SHOULD',
    'docker',
  ),

  kept(
    'content-21',
    'that is a manifest list of Docker',
    async (client, repository) => {
      const image = await dockerImage(client, repository)
      await pushManifest(client, repository, image.digest, image)
      const platform = { os: 'linux', architecture: 'amd64' }
      return manifestOf(DOCKER_LIST, { mediaType: DOCKER_LIST, manifests: [manifestDescriptor(image, { platform })] })
    },
    'SHOULD',
    'docker',
  ),

  should(
    'content-22',
    '1.0',
    SECTION,
    'each manifest of a repository is given back under its own type',
    async (client) => {
      const repository = client.repository()
      const { config, layer } = await pushParts(client, repository)
      const kinds = [imageOf(config, [layer]), await dockerImage(client, repository), indexOf([])]
      for (const [at, manifest] of kinds.entries()) await pushManifest(client, repository, `v${at}`, manifest)
      for (const [at, manifest] of kinds.entries()) await expectManifest(client, repository, `v${at}`, manifest)
    },
  ),

  should('content-23', '1.1', SECTION, 'a manifest is one by sha256 and by sha512, pushed by both', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    for (const digest of [image.digest, digestOf(image.bytes, 'sha512')]) {
      expectHeader(await pushManifest(client, repository, digest, image), 'Docker-Content-Digest', digest)
      await expectManifest(client, repository, digest, image)
    }
    await expectManifest(client, repository, image.digest, image)
  }),
]

/** The row of one kind of manifest. */
function kept(id: string, what: string, make: Fixture, level: Level = 'MUST', since: Since = '1.0'): Row {
  const says = `a manifest ${what} is kept as it came`
  return { id, section: SECTION, level, since, says, run }

  async function run(client: Client): Promise<void> {
    const repository = client.repository()
    const manifest = await make(client, repository)
    await pushManifest(client, repository, 'tagged', manifest)
    for (const reference of ['tagged', manifest.digest]) await expectManifest(client, repository, reference, manifest)
  }
}

async function emptyConfig(client: Client, repository: string): Promise<Descriptor> {
  await pushBlob(client, repository, EMPTY_BYTES)
  return descriptorOf(EMPTY, EMPTY_BYTES)
}

async function dockerImage(client: Client, repository: string): Promise<Manifest> {
  const { config, layer } = await pushParts(client, repository)
  const layers = [{ ...layer, mediaType: DOCKER_LAYER }]
  return manifestOf(DOCKER_IMAGE, { mediaType: DOCKER_IMAGE, config: { ...config, mediaType: DOCKER_CONFIG }, layers })
}
