import { invalid, parseArray, parseDescriptor, parseObject, type Descriptor } from './descriptor.ts'
import type { Digest } from './digest.ts'
import { essence, isNonDistributable, MANIFEST_KINDS } from './media-types.ts'

/** The spec asks for 4 MiB at least; clients refuse to read more than that. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

/**
 * Each descriptor costs a push two storage operations, and a request of the edge function may make 10,000. Docker
 * itself stops at 127 layers.
 */
const MAX_DESCRIPTORS = 4000

/** What the registry must know of a manifest. The bytes themselves are kept as they came. */
export interface Manifest {
  readonly mediaType: string
  /** Config and layers that must be here, each digest once. */
  readonly blobs: readonly Descriptor[]
  /** Manifests of an index that must be here, each digest once. */
  readonly manifests: readonly Descriptor[]
  readonly subject: Descriptor | null
}

/**
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md and image-index.md
 *
 * @param contentType the request's Content-Type; the document's own `mediaType` stands in for a missing one
 * @throws {RegistryError} `MANIFEST_INVALID`, its detail naming the field
 */
export function parseManifest(bytes: Uint8Array, contentType: string | null): Manifest {
  const document = parseObject(parseJson(bytes), 'manifest')
  const mediaType = parseMediaType(document['mediaType'], essence(contentType))
  if (document['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2')
  const subject = document['subject'] === undefined ? null : parseDescriptor(document['subject'], 'subject')

  if (MANIFEST_KINDS.get(mediaType) === 'index') {
    // A document that can be read as either kind means different images to different clients (CVE-2021-41190).
    if (document['layers'] !== undefined || document['config'] !== undefined)
      throw invalid('an index has no config and no layers')
    return { mediaType, blobs: [], manifests: parseDescriptors(document['manifests'], 'manifests'), subject }
  }
  if (document['manifests'] !== undefined) throw invalid('an image manifest has no manifests')
  const config = parseDescriptor(document['config'], 'config')
  const layers = parseDescriptors(document['layers'], 'layers')
  const blobs = unique([config, ...layers.filter((layer) => !isNonDistributable(layer.mediaType))])
  return { mediaType, blobs, manifests: [], subject }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw invalid('manifest is not JSON', cause)
  }
}

function parseMediaType(field: unknown, contentType: string): string {
  if (field !== undefined && typeof field !== 'string') throw invalid('mediaType is not a string')
  const mediaType = contentType === '' ? field : contentType
  if (mediaType === undefined) throw invalid('neither a Content-Type nor a mediaType is given')
  if (!MANIFEST_KINDS.has(mediaType)) throw invalid(`unsupported manifest media type: ${mediaType.slice(0, 200)}`)
  if (field !== undefined && field !== mediaType) throw invalid(`mediaType is ${field}, but Content-Type ${mediaType}`)
  return mediaType
}

function parseDescriptors(value: unknown, at: string): readonly Descriptor[] {
  const items = parseArray(value, at)
  if (items.length > MAX_DESCRIPTORS) throw invalid(`${at} has more than ${MAX_DESCRIPTORS} entries`)
  return unique(items.map((item, index) => parseDescriptor(item, `${at}[${index}]`)))
}

function unique(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map<Digest, Descriptor>(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()]
}
