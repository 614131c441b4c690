import { parseDescriptor } from '../../oci/descriptor.ts'
import { logFault } from '../../log.ts'
import { RegistryError } from '../../oci/errors.ts'
import { tagIndexKey } from '../keys.ts'
import { TAG_INDEX_TTL_SECONDS, type TagIndex } from '../tag-index.ts'

/** KV takes one write a second for each key, and answers 429 to more. */
const RETRY_DELAYS_MS = [1100, 1100, 2200]

/**
 * @param kv the binding
 * @param sleep waits that many milliseconds; a test's does not
 */
export function createKvTagIndex(kv: KVNamespace, sleep: (ms: number) => Promise<void> = wait): TagIndex {
  async function write(act: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await act()
        return
      } catch (cause) {
        const delay = RETRY_DELAYS_MS[attempt]
        if (delay === undefined)
          throw new RegistryError('UNAVAILABLE', { detail: 'the tag index refuses writes', cause })
        await sleep(delay)
      }
    }
  }

  return {
    async get(repository, tag) {
      try {
        const value: unknown = await kv.get(tagIndexKey(repository, tag), 'json')
        return value === null ? null : parseDescriptor(value, 'tag index entry')
      } catch (fault) {
        logFault(new Error(`Cannot read tag "${repository}:${tag}" from KV`, { cause: fault }))
        return null
      }
    },
    async put(repository, tag, { digest, mediaType, size }) {
      const value = JSON.stringify({ digest, mediaType, size })
      await write(() => kv.put(tagIndexKey(repository, tag), value, { expirationTtl: TAG_INDEX_TTL_SECONDS }))
    },
    async delete(repository, tag) {
      await write(() => kv.delete(tagIndexKey(repository, tag)))
    },
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
