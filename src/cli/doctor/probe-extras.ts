import { createHash } from 'node:crypto'

import {
  GetBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3ServiceException,
  type LifecycleRule,
} from '@aws-sdk/client-s3'

import { isChecksumRefusal } from '../../storage/s3/s3-errors.ts'
import { randomBody, statusOf, type Bench, type Probe } from './bench.ts'
import { need, ok, warn, type Seen } from './finding.ts'

/** What the registry can do without, or what decides a setting. */
export const EXTRA_PROBES: readonly Probe[] = [
  { name: 'checksum-sha256', run: probeChecksum },
  { name: 'conditional-put', run: probeConditionalPut },
  { name: 'cors', run: probeCors },
  { name: 'lifecycle', run: probeLifecycle },
]

/**
 * Whether the storage compares a body with the `x-amz-checksum-sha256` that comes with it.
 *
 * @throws {Unsafe} when the settings say so and it does not
 */
async function probeChecksum(bench: Bench): Promise<Seen> {
  const claimed = bench.settings.features.has('checksum-sha256')
  const bytes = randomBody(1000)
  const right = createHash('sha256').update(bytes).digest('base64')
  const wrong = createHash('sha256').update('else').digest('base64')
  const said = await putWithChecksum(bench, 'wrong', bytes, wrong)
  const stored = (await bench.store.head(bench.key('wrong'))) !== null
  const taken = await putWithChecksum(bench, 'right', bytes, right)

  const enforced = said === 'refused' && !stored && taken === 'taken'
  const what =
    said === 'refused'
      ? `bytes with another sha256 are refused${stored ? ', and stored all the same' : ''}`
      : `bytes with another sha256 are ${said}`
  const also = taken === 'taken' ? '' : `; bytes with that sha256 are ${taken}`
  need(enforced || !claimed, `${what}${also}: remove checksum-sha256 from S3_FEATURES`)
  if (enforced) return { ...ok(`${what}: pushes can pass through unread`), feature: 'checksum-sha256' }
  return ok(`${what}${also}: the registry hashes by itself`)
}

async function putWithChecksum(
  { settings, client, key }: Bench,
  name: string,
  Body: Uint8Array,
  ChecksumSHA256: string,
): Promise<string> {
  const command = new PutObjectCommand({ Bucket: settings.bucket, Key: key(name), Body, ChecksumSHA256 })
  try {
    await client.send(command)
    return 'taken'
  } catch (error) {
    if (isChecksumRefusal(error)) return 'refused'
    if (!(error instanceof S3ServiceException)) throw error
    return `answered ${String(error.$metadata.httpStatusCode)} ${error.name}`
  }
}

async function probeConditionalPut({ settings, store, client, key }: Bench): Promise<Seen> {
  const Key = key('object')
  await store.put(Key, randomBody(10))
  const command = new PutObjectCommand({ Bucket: settings.bucket, Key, Body: 'x', IfNoneMatch: '*' })
  const status = await statusOf(client.send(command))
  const does = status === 412 ? 'does not overwrite' : 'is not heeded'
  return ok(`a PUT with If-None-Match: * ${does} (${status}); the registry does not use it`)
}

async function probeCors({ store, key }: Bench): Promise<Seen> {
  const url = await store.presignGet(key('object'), new Date())
  const headers = { Origin: 'https://registry.example', 'Access-Control-Request-Method': 'GET' }
  const response = await fetch(url, { method: 'OPTIONS', headers })
  await response.body?.cancel()
  const allowed = response.headers.get('Access-Control-Allow-Origin')
  if (response.ok && allowed !== null) return ok(`browsers may read from ${allowed}`)
  return warn(`no other origin may read (${response.status}): pages in a browser cannot fetch blobs, all else can`)
}

async function probeLifecycle({ settings, client }: Bench): Promise<Seen> {
  try {
    const { Rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: settings.bucket }))
    const active = Rules.filter(({ Status }) => Status === 'Enabled')
    const missing = [
      ...(active.some((rule) => rule.Expiration !== undefined && prefixOf(rule) === 'uploads/')
        ? []
        : ['objects below uploads/']),
      ...(active.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined) ? [] : ['unfinished uploads']),
    ]
    if (missing.length === 0) return ok('a rule removes objects below uploads/ and unfinished uploads')
    return warn(`no rule removes ${missing.join(' and ')}: what is broken off stays`)
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error
    const { httpStatusCode: status = 0 } = error.$metadata
    const reason = status === 404 ? 'no rule is set' : `rules cannot be asked for (${status})`
    return warn(`${reason}: without one for uploads/, what is broken off stays`)
  }
}

function prefixOf({ Filter }: LifecycleRule): string | undefined {
  return Filter?.Prefix ?? Filter?.And?.Prefix
}
