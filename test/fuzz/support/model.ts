import { digestOf, imageOf, indexOf, type TestManifest } from '../../suites/client.ts'

/** What a registry has to have after what was done to it: the simplest thing that could be right. */

export const REPOSITORIES = ['one', 'two/deep'] as const
export const TAGS = ['a', 'b', 'latest'] as const

const text = (content: string) => new TextEncoder().encode(content)
export const BLOBS: readonly Uint8Array[] = [
  text(''),
  text('{}'),
  text('a layer'),
  text('another layer, longer than a part'),
]

/** Which of `BLOBS` each image is made of, and which of `IMAGES` it refers to. */
const IMAGE_PARTS: readonly { blobs: readonly number[]; subject?: number }[] = [
  { blobs: [1, 2] },
  { blobs: [1, 2, 3, 2] },
  { blobs: [0], subject: 0 },
  { blobs: [3, 0], subject: 2 },
]

export const MANIFESTS: readonly ModelManifest[] = makeManifests()

export interface ModelManifest extends TestManifest {
  readonly blobs: readonly string[]
  readonly children: readonly string[]
  readonly subject: string | null
}

export interface ModelRepository {
  /** Digests. */
  readonly blobs: Set<string>
  readonly manifests: Map<string, ModelManifest>
  /** Tag -> digest. */
  readonly tags: Map<string, string>
  /** A manifest was pushed to it once. */
  known: boolean
}

export interface ModelUpload {
  readonly repository: number
  received: Uint8Array
  location: string
  state: 'open' | 'closed' | 'cancelled'
}

export interface Model {
  readonly repositories: readonly ModelRepository[]
  readonly uploads: ModelUpload[]
}

export function createModel(): Model {
  const repository = () => ({
    ...{ blobs: new Set<string>(), manifests: new Map<string, ModelManifest>(), tags: new Map<string, string>() },
    known: false,
  })
  return { repositories: REPOSITORIES.map(repository), uploads: [] }
}

/** What a manifest names that a repository does not have. */
export function missingOf({ blobs, manifests }: ModelRepository, manifest: ModelManifest): number {
  const absent = [
    ...manifest.blobs.filter((digest) => !blobs.has(digest)),
    ...manifest.children.filter((digest) => !manifests.has(digest)),
  ]
  return new Set(absent).size
}

export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  return new Uint8Array([...first, ...second])
}

function makeManifests(): ModelManifest[] {
  const images: ModelManifest[] = []
  for (const { blobs, subject } of IMAGE_PARTS) {
    const [config = new Uint8Array(0), ...layers] = blobs.map((index) => BLOBS[index] ?? new Uint8Array(0))
    const of = subject === undefined ? undefined : images[subject]
    const more = of && { subject: { mediaType: of.mediaType, digest: of.digest, size: of.text.length } }
    const image = imageOf(config, layers, more ?? {})
    images.push({
      ...image,
      blobs: [config, ...layers].map((blob) => digestOf(blob)),
      children: [],
      subject: of?.digest ?? null,
    })
  }
  const [first, second] = images
  if (first === undefined || second === undefined) return images
  const index = indexOf([first, second])
  return [...images, { ...index, blobs: [], children: [first.digest, second.digest], subject: null }]
}
