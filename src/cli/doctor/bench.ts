import { createHash, randomBytes } from 'node:crypto'

import { S3ServiceException, type S3Client } from '@aws-sdk/client-s3'

import type { ObjectStore } from '../../storage/object-store.ts'
import type { S3Settings } from '../../storage/s3-settings.ts'
import { createS3Clients } from '../../storage/s3/s3-client.ts'
import { createS3ObjectStore } from '../../storage/s3/s3-object-store.ts'
import type { Seen } from './finding.ts'

const LIST_LIMIT = 1000
const MANY = 32

/** What a probe works with: the storage, spoken to as the registry does, and a folder of the probe's own. */
export interface Bench {
  readonly settings: S3Settings
  readonly store: ObjectStore
  /** For requests that the registry never makes. None is repeated. */
  readonly client: S3Client
  /** Ends with a slash. */
  readonly folder: string
  /** The key of that name in the folder. It is removed in the end. */
  readonly key: (name: string) => string
}

export interface Probe {
  readonly name: string
  readonly run: (bench: Bench) => Promise<Seen>
}

export interface Workshop {
  /** @param name of a probe */
  bench(name: string): Bench
  /** Removes whatever the probes have written. */
  clear(): Promise<void>
}

/** Everything is written below `doctor/` and a random name, so that nothing of a registry is touched. */
export function openWorkshop(settings: S3Settings): Workshop {
  const root = `doctor/${randomBytes(8).toString('hex')}/`
  const store = createS3ObjectStore(settings)
  const client = createS3Clients(settings).streaming
  const written = new Set<string>() // a listing may not know them, which is one of the faults that are looked for
  return {
    bench(name) {
      const folder = `${root}${name}/`
      const key = (of: string) => {
        written.add(folder + of)
        return folder + of
      }
      return { settings, store, client, folder, key }
    },
    async clear() {
      for (let after = '', more = true; more;) {
        const page = await store.list(root, { after, limit: LIST_LIMIT })
        for (const { key } of page.objects) written.add(key)
        const last = page.objects.at(-1)?.key.slice(root.length) ?? ''
        more = page.more && last > after // a storage may be unable to go on
        after = last
      }
      await inParallel([...written], (key) => store.delete(key))
    },
  }
}

/**
 * Many at a time, as a busy registry has them. When one fails, no more are begun.
 *
 * @throws what the first one did that failed, once all that were begun have ended
 */
export async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values()
  const errors: unknown[] = []
  const work = async () => {
    for (const item of queue) {
      if (errors.length > 0) return
      await act(item).catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: MANY }, work))
  if (errors.length > 0) throw errors[0]
}

/** The status that storage answers with; 200 for any success. @throws when it does not answer */
export async function statusOf(sent: Promise<unknown>): Promise<number> {
  try {
    await sent
    return 200
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
    if (status === undefined) throw error
    return status
  }
}

/** Refused for who asks, and not for what is asked for. */
export function isRefusal(status: number): boolean {
  return status === 401 || status === 403
}

export function randomBody(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(size))
}

export function isSame(a: Uint8Array | null | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && digest(a) === digest(b)
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer())
}
