import { parseDescriptor } from '../../oci/descriptor.ts'
import { RegistryError } from '../../oci/errors.ts'
import { isTag } from '../../oci/reference.ts'
import { isRepositoryName } from '../../oci/repository.ts'
import { TAG_INDEX_PREFIX, tagIndexKey, tagIndexName } from '../keys.ts'
import { TAG_INDEX_TTL_SECONDS, type ListedTagIndex } from '../tag-index.ts'

export interface KvRestSettings {
  /** Without a slash at its end; `https://api.cloudflare.com/client/v4` for the platform's own. */
  readonly url: string
  readonly accountId: string
  readonly namespaceId: string
  /** With the permission to read and write Workers KV. */
  readonly token: string
}

const TIMEOUT_MS = 30_000

/** After a lost connection or a fault of the server. */
const FAULT_DELAYS_MS = [1000, 2000]

/** The API takes 1200 requests in five minutes, and answers 429 to more until those are over. */
const BUSY_DELAYS_MS = [1100, 2200, 10_000, 60_000, 120_000, 120_000]

/**
 * Workers KV from outside of a Worker, through the platform's API.
 * https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/
 *
 * @param sleep waits that many milliseconds; a test's does not
 */
export function createKvRestTagIndex(
  { url, accountId, namespaceId, token }: KvRestSettings,
  sleep: (ms: number) => Promise<void> = wait,
): ListedTagIndex {
  const namespace = `${url}/accounts/${encodeURIComponent(accountId)}/storage/kv/namespaces/${encodeURIComponent(namespaceId)}`
  const valueUrl = (key: string) => `${namespace}/values/${encodeURIComponent(key)}`

  /** The answer if it is a success, or says that there is no such key. */
  async function send(method: string, address: string, body?: string): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const answer = await request(method, address, token, body)
      if (answer instanceof Response && (answer.ok || (answer.status === 404 && address.includes('/values/'))))
        return answer
      const busy = answer instanceof Response && answer.status === 429
      const final = answer instanceof Response && answer.status < 500 && !busy
      const delay = (busy ? BUSY_DELAYS_MS : FAULT_DELAYS_MS)[attempt]
      if (final || delay === undefined) throw await fault(method, answer)
      await sleep(delay)
    }
  }

  return {
    async get(repository, tag) {
      try {
        const answer = await send('GET', valueUrl(tagIndexKey(repository, tag)))
        return answer.status === 404 ? null : parseDescriptor(await answer.json(), 'tag index entry')
      } catch (error) {
        console.error(`Cannot read tag "${repository}:${tag}" from KV: ${String(error)}`)
        return null
      }
    },
    async put(repository, tag, { digest, mediaType, size }) {
      const address = `${valueUrl(tagIndexKey(repository, tag))}?expiration_ttl=${TAG_INDEX_TTL_SECONDS}`
      const answer = await send('PUT', address, JSON.stringify({ digest, mediaType, size }))
      if (!answer.ok) throw await fault('PUT', answer)
    },
    async delete(repository, tag) {
      await send('DELETE', valueUrl(tagIndexKey(repository, tag)))
    },
    async list(cursor) {
      const query = new URLSearchParams({ prefix: TAG_INDEX_PREFIX, ...(cursor === null ? {} : { cursor }) })
      const answer = await send('GET', `${namespace}/keys?${query.toString()}`)
      const { result, result_info: info } = await answer.json<KeysAnswer>()
      const names = result.map(({ name }) => tagIndexName(name))
      const entries = names.flatMap(({ repository, tag }) =>
        isRepositoryName(repository) && isTag(tag) ? [{ repository, tag }] : [],
      )
      return { entries, cursor: info?.cursor === '' ? null : (info?.cursor ?? null) }
    },
  }
}

interface KeysAnswer {
  readonly result: readonly { readonly name: string }[]
  readonly result_info?: { readonly cursor?: string }
}

/** The answer, or what kept it from coming. */
async function request(method: string, address: string, token: string, body?: string): Promise<unknown> {
  try {
    return await fetch(address, {
      method,
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    })
  } catch (cause) {
    return cause
  }
}

async function fault(method: string, answer: unknown): Promise<RegistryError> {
  const reason = answer instanceof Response ? await refusal(answer) : String(answer)
  return new RegistryError('UNAVAILABLE', { cause: new Error(`Cannot ${method} in KV: ${reason}`, { cause: answer }) })
}

/** Its status, and the first message that it gives. */
async function refusal(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => '')
  const [, message] = /"message"\s*:\s*"([^"]*)"/.exec(text) ?? []
  return `status ${answer.status}${message === undefined ? '' : `, ${message}`}`
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
