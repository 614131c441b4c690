import type { Digest } from '../oci/digest.ts'
import { BLOBS_PREFIX } from '../storage/keys.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { parseKey } from './parse-key.ts'
import { walk } from './walk.ts'

/**
 * Goes through the blobs beside a walk through the refs, whose keys are in the same order, so that neither need be
 * remembered.
 */
export class BlobCursor {
  readonly #blobs: AsyncGenerator<{ digest: Digest; size: number }>
  #current: { readonly digest: Digest; readonly size: number } | null = null
  #started = false
  #held = false

  constructor(objects: ObjectStore) {
    this.#blobs = listBlobs(objects)
  }

  /**
   * Goes on to `digest`, or behind it if there is no such blob; to the end for `null`.
   *
   * @returns the blobs that were passed and that `hold` was not called for
   */
  async *advance(digest: Digest | null): AsyncGenerator<Digest> {
    if (!this.#started) await this.#next()
    while (this.#current !== null && (digest === null || this.#current.digest < digest)) {
      if (!this.#held) yield this.#current.digest
      await this.#next()
    }
  }

  /** Notes that somebody holds this blob; answers its size, or `null` if the cursor has not come to it. */
  hold(digest: Digest): number | null {
    if (this.#current?.digest !== digest) return null
    this.#held = true
    return this.#current.size
  }

  async #next(): Promise<void> {
    this.#started = true
    this.#held = false
    const next = await this.#blobs.next()
    this.#current = next.done === true ? null : next.value
  }
}

async function* listBlobs(objects: ObjectStore): AsyncGenerator<{ digest: Digest; size: number }> {
  for await (const { key, size } of walk(objects, BLOBS_PREFIX)) {
    const parsed = parseKey(key)
    if (parsed.kind === 'blob') yield { digest: parsed.digest, size }
  }
}
