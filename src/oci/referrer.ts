import { parseObject, type Descriptor } from './descriptor.ts'
import type { Digest } from './digest.ts'
import { MANIFEST_KINDS } from './media-types.ts'

/** How the referrers API shows a manifest that has a subject. */
export interface ReferrerDescriptor extends Descriptor {
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 *
 * @param bytes of a manifest that was accepted when it was pushed
 */
export function describeReferrer(bytes: Uint8Array, mediaType: string, digest: Digest): ReferrerDescriptor {
  const document = parseObject(JSON.parse(new TextDecoder().decode(bytes)), 'manifest')
  const artifactType = artifactTypeOf(document, mediaType)
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...annotationsOf(document),
  }
}

/** An image without an `artifactType` has its config's media type; an index without one has none. */
function artifactTypeOf({ artifactType, config }: Record<string, unknown>, mediaType: string): string | undefined {
  if (typeof artifactType === 'string' && artifactType !== '') return artifactType
  if (MANIFEST_KINDS.get(mediaType) !== 'image' || !isRecord(config)) return undefined
  return typeof config['mediaType'] === 'string' ? config['mediaType'] : undefined
}

/** The texts among them: a value of another kind is no annotation, and may be nested without end. */
function annotationsOf({ annotations }: Record<string, unknown>): Pick<ReferrerDescriptor, 'annotations'> {
  if (!isRecord(annotations)) return {}
  const texts = Object.entries(annotations).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { annotations: Object.fromEntries(texts) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
