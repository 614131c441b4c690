import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import type { Docker } from '../clients/docker.ts'
import { debianRootFileSystem } from './debian.ts'
import { run } from './run.ts'

const DEBIAN = 'debian-root'
const MB = 1_000_000

interface Recipe {
  readonly from: 'scratch' | typeof DEBIAN
  readonly layers: number
  /** Of random bytes in each layer; a line of text if it is not given. */
  readonly layerBytes?: number
  readonly platform?: string
  /** Folders to compare, besides `/layers`. */
  readonly paths?: readonly string[]
}

const small = { from: 'scratch', layers: 20 } as const
const large = { from: 'scratch', layers: 1, layerBytes: 300 * MB } as const
const onDebian = { from: DEBIAN, layers: 2, paths: ['/usr/bin', '/var/lib/dpkg'] } as const

/** No two images have a layer in common, but for the base of the two on Debian: each client sends bytes that are new. */
const RECIPES = {
  debian: onDebian,
  'debian-too': onDebian,
  'image-gallery': { from: 'scratch', layers: 3 },
  'app-v1': { from: 'scratch', layers: 3 },
  'app-v2': { from: 'scratch', layers: 3 },
  'layers-20-docker': small,
  'layers-20-podman': small,
  'layers-20-skopeo': small,
  'layers-20-ctr': small,
  'layers-100': { from: 'scratch', layers: 100 },
  large,
  'large-too': large,
  'platform-amd64': { from: 'scratch', layers: 2, platform: 'linux/amd64' },
  'platform-arm64': { from: 'scratch', layers: 2, platform: 'linux/arm64' },
} as const satisfies Record<string, Recipe>

export type ImageName = keyof typeof RECIPES
export type TestImages = Record<ImageName, TestImage>

/** An image as two archives: the same layers, once with docker's media types and once with OCI's. */
export interface TestImage {
  readonly docker: string
  readonly oci: string
  /** The image id of the docker archive. */
  readonly id: string
  /** Of the layers, uncompressed. */
  readonly diffIds: readonly string[]
  readonly paths: readonly string[]
  /** The fingerprint of `paths`. */
  readonly files: string
}

/** Builds what is not in `cache` yet. A change of this file is another cache. */
export async function buildImages(docker: Docker, cache: string): Promise<TestImages> {
  const version = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cache, `images-${version}`)
  for (const old of readdirSync(cache)) {
    if (old.startsWith('images-') && old !== basename(folder)) rmSync(join(cache, old), { recursive: true })
  }
  mkdirSync(folder, { recursive: true })
  const images: Partial<TestImages> = {}
  for (const name of Object.keys(RECIPES) as ImageName[]) images[name] = await buildImage(docker, cache, folder, name)
  await docker.clear()
  return images as TestImages
}

async function buildImage(docker: Docker, cache: string, folder: string, name: ImageName): Promise<TestImage> {
  const file = join(folder, `${name}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as TestImage

  const recipe: Recipe = RECIPES[name]
  if (recipe.from === DEBIAN) await docker('image', 'import', await debianRootFileSystem(cache), DEBIAN)
  await buildFromDockerfile(docker, folder, name, recipe)
  const archives = { docker: join(folder, `${name}.docker.tar`), oci: join(folder, `${name}.oci.tar`) }
  rmSync(archives.oci, { force: true }) // skopeo adds to an archive that is there
  await docker('image', 'save', '--output', archives.docker, name)
  await run('skopeo', ['copy', `docker-archive:${archives.docker}`, `oci-archive:${archives.oci}:v1`])

  const { Id: id, RootFS } = await docker.inspect(name)
  const paths = ['/layers', ...(recipe.paths ?? [])]
  const files = await docker.fingerprint(name, paths)
  const image: TestImage = { ...archives, id, diffIds: RootFS.Layers, paths, files }
  writeFileSync(`${file}.part`, JSON.stringify(image))
  renameSync(`${file}.part`, file)
  return image
}

async function buildFromDockerfile(docker: Docker, folder: string, name: ImageName, recipe: Recipe): Promise<void> {
  const context = mkdtempSync(join(folder, 'context-'))
  const dockerfile = [`FROM ${recipe.from}`]
  for (let layer = 1; layer <= recipe.layers; layer++) {
    const file = join(context, String(layer))
    if (recipe.layerBytes === undefined) writeFileSync(file, `layer ${layer} of ${name}\n`)
    else await run('sh', ['-c', 'head -c "$1" /dev/urandom > "$2"', 'sh', String(recipe.layerBytes), file])
    dockerfile.push(`COPY ${layer} /layers/${layer}`)
  }
  writeFileSync(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`)
  const platform = recipe.platform === undefined ? [] : ['--platform', recipe.platform]
  await docker('image', 'build', ...platform, '--tag', name, context)
  rmSync(context, { recursive: true })
}
