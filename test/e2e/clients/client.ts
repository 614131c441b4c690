import type { TestImage } from '../support/images.ts'

/** What a client holds after a pull. */
export interface PulledImage {
  /** Of the manifest's exact bytes. */
  readonly digest: string
  /** Of the image's config: what docker and podman show as the image id. */
  readonly config: string
  /** Digests of the layers, uncompressed, lowest first. */
  readonly diffIds: readonly string[]
  /** See `fingerprint`. */
  readonly files: string
}

/** Who somebody is to a registry: the name of a user or an organisation, and a token of theirs. */
export interface Login {
  readonly username: string
  readonly password: string
}

/** A registry client with a store of its own. References are whole: `localhost:5000/acct/app:v1`, or `…@sha256:…`. */
export interface Client {
  /** Puts an image into the client's store, as if it had been built there. */
  load(image: TestImage, reference: string): Promise<void>
  /** Gives the digest of the manifest that the client says it has pushed. */
  push(reference: string): Promise<string>
  /**
   * @param paths the folders of the image to take the fingerprint of
   * @param architecture the image to take of an index; `digest` is then the index's with some clients, the image's with others
   */
  pull(reference: string, paths: readonly string[], architecture?: Architecture): Promise<PulledImage>
  /**
   * Pushes and pulls as somebody from now on; as nobody until then.
   *
   * @param host the registry's, with its port
   */
  login(host: string, login: Login): Promise<void>
  /** Empties the client's store, so that the next pull has to fetch every byte. */
  clear(): Promise<void>
}

export type Architecture = 'amd64' | 'arm64'

export interface Descriptor {
  readonly digest: string
  readonly size: number
}

/** The parts that we read of a manifest, an index and a config. */
export interface ManifestJson {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

export interface IndexJson {
  readonly manifests: readonly (Descriptor & { readonly platform: { readonly architecture: string } })[]
}

export interface ConfigJson {
  readonly rootfs: { readonly diff_ids: readonly string[] }
}
