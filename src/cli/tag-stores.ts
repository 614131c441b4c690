import { setting, type Environment } from '../node/args.ts'
import { StartFailure } from '../node/failure.ts'
import { probeStorage } from '../node/probe-storage.ts'
import { createKvRestTagIndex, type KvRestSettings } from '../storage/kv/kv-rest-tag-index.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { ListedTagIndex } from '../storage/tag-index.ts'
import type { Run } from './command.ts'
import { externalStorage, openLocalRegistry, openObjects } from './open-registry.ts'

/** A bucket and the KV that indexes its tags. */
export interface TagStores {
  readonly objects: ObjectStore
  readonly tagIndex: ListedTagIndex
  /** The same text for the same two, today and tomorrow. */
  readonly name: string
}

const CLOUDFLARE_API = 'https://api.cloudflare.com/client/v4'

/**
 * The platform's KV if `KV_NAMESPACE_ID` is set, else that of the local registry.
 *
 * @throws {StartFailure} naming what is missing, or not to be reached
 */
export async function openTagStores(
  { data, s3Endpoint }: { readonly data: string; readonly s3Endpoint: string | undefined },
  env: Environment,
  run: Run,
): Promise<TagStores> {
  const external = externalStorage(env, s3Endpoint)
  const kv = cloudflareKv(env)
  if (kv !== null) {
    if (external === null)
      throw new StartFailure('Cannot index for a KV namespace of Cloudflare: S3_ENDPOINT is not set in the environment')
    await probeStorage(external)
    return {
      objects: openObjects(external, env),
      tagIndex: createKvRestTagIndex(kv),
      name: `${external.bucket} of ${external.endpoint}, KV namespace ${kv.namespaceId}`,
    }
  }

  const args = external === null ? [] : ['--s3-endpoint', external.endpoint]
  const running = await openLocalRegistry(data, args, run)
  const s3 = external ?? running.s3
  if (
    s3 === null ||
    (external !== null && !isSame(external, running)) ||
    (external === null) !== (running.s3 !== null)
  ) {
    throw new StartFailure(
      `Cannot index the tags of "${data}": the registry that runs there keeps images in "${running.endpoint}" (name that with --s3-endpoint)`,
    )
  }
  const storage = external === null ? 'embedded store' : `${external.bucket} of ${external.endpoint}`
  return {
    objects: openObjects(s3, env),
    tagIndex: createKvRestTagIndex(running.door),
    name: `${storage}, KV of ${data}`,
  }
}

interface Place {
  readonly endpoint: string
  readonly bucket: string
}

function isSame(one: Place, other: Place): boolean {
  return one.endpoint === other.endpoint && one.bucket === other.bucket
}

function cloudflareKv(env: Environment): KvRestSettings | null {
  const namespaceId = setting(env, 'KV_NAMESPACE_ID')
  if (namespaceId === null) return null
  const required = (name: string): string => {
    const value = setting(env, name)
    if (value === null)
      throw new StartFailure(`Cannot use KV namespace "${namespaceId}": ${name} is not set in the environment`)
    return value
  }
  const url = setting(env, 'CLOUDFLARE_API_URL') ?? CLOUDFLARE_API
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new StartFailure(`Cannot use CLOUDFLARE_API_URL "${url}": it is not an http or https URL`)
  return {
    url: url.replace(/\/+$/, ''),
    accountId: required('CLOUDFLARE_ACCOUNT_ID'),
    namespaceId,
    token: required('CLOUDFLARE_API_TOKEN'),
  }
}
