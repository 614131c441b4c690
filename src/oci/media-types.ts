/** https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const OCI_IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json'

/** https://distribution.github.io/distribution/spec/manifest-v2-2/ */
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'

/** What a manifest holds, by its media type: blobs of its own, or other manifests. */
export const MANIFEST_KINDS: ReadonlyMap<string, 'image' | 'index'> = new Map([
  [OCI_IMAGE_MANIFEST, 'image'],
  [DOCKER_MANIFEST, 'image'],
  [OCI_IMAGE_INDEX, 'index'],
  [DOCKER_MANIFEST_LIST, 'index'],
])

/**
 * Layers that their licence keeps out of registries: clients fetch them from the descriptor's `urls`, so a manifest
 * may name them without their being here.
 */
export function isNonDistributable(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.v1.tar') ||
    mediaType === 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' ||
    mediaType === 'application/vnd.docker.image.rootfs.foreign.diff.tar'
  )
}

/** A Content-Type without its parameters, in lower case; '' for none. */
export function essence(contentType: string | null): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}
