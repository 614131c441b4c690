import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { debianRootFileSystem } from './debian.ts'
import { digestOf } from './digest.ts'
import { fingerprint } from './fingerprint.ts'
import { run } from './run.ts'

const LARGE_BYTES = 300_000_000

interface Recipe {
  /** One file each, `/layers/N`. */
  readonly layers: number
  /** Below the layers: the folders of it to compare. */
  readonly debian?: readonly string[]
  /** Of random bytes in each layer; a line of text if it is not given. */
  readonly layerBytes?: number
  readonly architecture?: 'arm64'
}

const small: Recipe = { layers: 20 }
const onDebian: Recipe = { layers: 2, debian: ['/usr/bin', '/var/lib/dpkg'] }
const large: Recipe = { layers: 1, layerBytes: LARGE_BYTES }

/** No two images have a layer in common, but for the base of the two on Debian: each client sends bytes that are new. */
const RECIPES = {
  debian: onDebian,
  'debian-too': onDebian,
  'app-v1': { layers: 3 },
  'app-v2': { layers: 3 },
  'layers-20-docker': small,
  'layers-20-podman': small,
  'layers-20-skopeo': small,
  'layers-20-ctr': small,
  'layers-100': { layers: 100 },
  large,
  'large-too': large,
  'platform-amd64': { layers: 2 },
  'platform-arm64': { layers: 2, architecture: 'arm64' },
} as const satisfies Record<string, Recipe>

export type ImageName = keyof typeof RECIPES
export type TestImages = Record<ImageName, TestImage>

/** An image as two archives: the same layers, once as `docker image save` would write them, once as OCI's layout. */
export interface TestImage {
  readonly docker: string
  readonly oci: string
  /** The image id of the docker archive: the digest of its config. */
  readonly id: string
  /** Digests of the layers, uncompressed, lowest first. */
  readonly diffIds: readonly string[]
  readonly paths: readonly string[]
  /** The fingerprint of `paths`. */
  readonly files: string
}

/** Makes what is not in `cache` yet. A change of this file is another cache. */
export async function buildImages(cache: string): Promise<TestImages> {
  const version = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cache, `images-${version}`)
  for (const old of readdirSync(cache)) {
    if (old.startsWith('images-') && old !== basename(folder)) rmSync(join(cache, old), { recursive: true })
  }
  mkdirSync(folder, { recursive: true })
  const debian = await debianRootFileSystem(cache)
  const images: Partial<TestImages> = {}
  for (const name of Object.keys(RECIPES) as ImageName[]) images[name] = await buildImage(folder, debian, name)
  return images as TestImages
}

async function buildImage(folder: string, debian: string, name: ImageName): Promise<TestImage> {
  const file = join(folder, `${name}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as TestImage

  const recipe: Recipe = RECIPES[name]
  const work = mkdtempSync(join(folder, 'work-'))
  const root = join(work, 'root')
  mkdirSync(join(root, 'layers'), { recursive: true })
  const layers: string[] = []
  if (recipe.debian) {
    linkSync(debian, join(work, 'base.tar'))
    layers.push('base.tar')
    await run('tar', ['--extract', '--preserve-permissions', '--directory', root, '--file', debian])
  }
  for (let layer = 1; layer <= recipe.layers; layer++) {
    const path = `layers/${layer}`
    if (recipe.layerBytes === undefined) writeFileSync(join(root, path), `layer ${layer} of ${name}\n`)
    else await run('sh', ['-c', 'head -c "$1" /dev/urandom > "$2"', 'sh', String(recipe.layerBytes), join(root, path)])
    layers.push(`${layer}.tar`)
    await createTar(join(work, `${layer}.tar`), root, ['layers', path])
  }

  const diffIds = layers.map((layer) => digestOf(readFileSync(join(work, layer))))
  const config = JSON.stringify({
    architecture: recipe.architecture ?? 'amd64',
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map((layer) => ({ created: '2026-01-01T00:00:00Z', created_by: `ADD ${layer} /` })),
  })
  writeFileSync(join(work, 'config.json'), config)
  const manifest = [{ Config: 'config.json', RepoTags: [`${name}:latest`], Layers: layers }]
  writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest))

  const archives = { docker: join(folder, `${name}.docker.tar`), oci: join(folder, `${name}.oci.tar`) }
  rmSync(archives.oci, { force: true }) // skopeo adds to an archive that is there
  await createTar(archives.docker, work, ['manifest.json', 'config.json', ...layers])
  await run('skopeo', ['copy', `docker-archive:${archives.docker}`, `oci-archive:${archives.oci}:v1`])

  const paths = ['/layers', ...(recipe.debian ?? [])]
  const image: TestImage = { ...archives, id: digestOf(config), diffIds, paths, files: fingerprint(root, paths) }
  rmSync(work, { recursive: true })
  writeFileSync(`${file}.part`, JSON.stringify(image))
  renameSync(`${file}.part`, file)
  return image
}

async function createTar(file: string, folder: string, names: readonly string[]): Promise<void> {
  const owner = ['--owner=0', '--group=0', '--numeric-owner']
  await run('tar', ['--create', ...owner, '--no-recursion', '--file', file, '--directory', folder, ...names])
}
