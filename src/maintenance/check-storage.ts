import { forEachOf } from '../storage/concurrency.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { BlobCursor } from './blob-cursor.ts'
import { checkAccountHint, checkMember, checkToken, checkTrustRule } from './check-account.ts'
import { checkHolder, checkUnheld, checkUser, verifyBlob } from './check-blob.ts'
import { checkTwice, createCheckContext, type Check, type CheckContext } from './check-context.ts'
import { checkCatalog, checkManifest } from './check-manifest.ts'
import { checkReferrer, checkTag, checkTagged } from './check-tag.ts'
import { createUploadCheck } from './check-upload.ts'
import { leak, type Finding } from './finding.ts'
import { parseKey } from './parse-key.ts'
import { walk } from './walk.ts'

export interface CheckOptions {
  /** Reads every blob and compares its bytes with its digest. */
  readonly verify?: boolean
  /** Told of every object. */
  readonly onObject?: (key: string) => void
  readonly now?: () => Date
}

/** Checks that run before the first of their findings is told. */
const BATCH = 100

/**
 * Reads the whole bucket and tells what contradicts the invariants of docs/storage-schema.md, and what has leaked. It
 * may run while the registry is used: a finding was seen twice. Memory does not grow with the bucket. Nothing is
 * changed but by a finding's own `repair`.
 *
 * Costs, besides the listings: nothing for a blob, a history entry or a catalog record; one request for a ref; two for
 * a tag; for a manifest one, and up to three for each blob that it names.
 *
 * @throws {RegistryError} `UNAVAILABLE` when storage cannot be read
 */
export async function* checkStorage(objects: ObjectStore, options: CheckOptions = {}): AsyncGenerator<Finding> {
  let batch: Check[] = []
  async function* run(): AsyncGenerator<Finding> {
    const checks = batch
    batch = []
    yield* (await forEachOf(checks, checkTwice)).flat()
  }
  for await (const check of checksOf(objects, options)) {
    batch.push(check)
    if (batch.length === BATCH) yield* run()
  }
  yield* run()
}

/** A check for each object that needs one, in the order of their keys: `blobs/` comes before `refs/`. */
async function* checksOf(objects: ObjectStore, { verify, onObject, now }: CheckOptions): AsyncGenerator<Check> {
  const context = createCheckContext(objects)
  const checkUpload = createUploadCheck(objects, now ?? (() => new Date()))
  const cursor = new BlobCursor(objects)
  let repository: string | null = null
  for await (const { key } of walk(objects, '')) {
    onObject?.(key)
    const parsed = parseKey(key)
    switch (parsed.kind) {
      case 'blob':
        if (verify === true) yield () => verifyBlob(context, parsed.digest)
        break
      case 'holder': {
        yield* unheld(context, cursor.advance(parsed.digest))
        const size = cursor.hold(parsed.digest)
        yield () => checkHolder(context, parsed.repository, parsed.digest, size)
        break
      }
      case 'user':
        yield () => checkUser(context, parsed.repository, parsed.digest, parsed.manifest)
        break
      case 'manifest':
        if (parsed.repository !== repository) yield () => checkCatalog(context, parsed.repository, parsed.digest)
        repository = parsed.repository
        yield () => checkManifest(context, parsed.repository, parsed.digest)
        break
      case 'tag':
        yield () => checkTag(context, parsed.repository, parsed.tag)
        break
      case 'tagged':
        yield () => checkTagged(context, parsed.repository, parsed.digest, parsed.tag)
        break
      case 'referrer':
        yield () => checkReferrer(context, parsed.repository, parsed.subject, parsed.referrer)
        break
      case 'upload':
        yield () => checkUpload(key, parsed.sessionId)
        break
      case 'account-hint':
        yield () => checkAccountHint(context, key, parsed)
        break
      case 'member':
        yield () => checkMember(context, parsed)
        break
      case 'token':
        yield () => checkToken(context, parsed)
        break
      case 'trust-rule':
        yield () => checkTrustRule(context, parsed)
        break
      case 'unknown':
        yield () => Promise.resolve([leak('unknown-object', key, 'the registry makes no such key')])
        break
      case 'catalog':
      case 'history':
      case 'account':
      case 'reserved':
      case 'schema':
        break
    }
  }
  yield* unheld(context, cursor.advance(null))
}

async function* unheld(context: CheckContext, passed: AsyncGenerator<Parameters<typeof checkUnheld>[1]>) {
  for await (const digest of passed) yield () => checkUnheld(context, digest)
}
