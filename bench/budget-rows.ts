import { bytesOf, digestOf, imageOf } from '../test/suites/client.ts'
import type { Operations } from './operations.ts'

/** L: of the image that is pushed and pulled, config and layers. */
const BLOBS = 6
/** Of every blob, so that bytes that should not have moved are seen. */
const BLOB_BYTES = 1_000_000
/** C: of a blob that comes in chunks. */
const CHUNKS = 3
const PART_BYTES = 5 * 2 ** 20
/** P: of a blob that is larger than one part, and whose length is not said. */
const PARTS = 3
const REFERRERS = 2
/** T: that point to a manifest when it is deleted. */
const TAGS = 2
/** Requests to storage that the platform lets wait at the same time. */
const AT_ONCE = 6

/** One line of docs/budgets.md. */
export interface BudgetRow {
  readonly operation: string
  /** Storage operations. */
  readonly budget: number
  /** Bytes of blobs that may pass between the Worker and storage; 0 unless given. */
  readonly blobBytes?: number
  /** Storage operations at the same time; not looked at unless given. */
  readonly atOnce?: number
  /** What is not counted. */
  prepare?(): Promise<unknown>
  run(): Promise<unknown>
}

/** Every operation that has a budget, to be run in this order: each finds what those before have left. */
export function budgetRows(registry: Operations): readonly BudgetRow[] {
  return [
    ...firstRows(registry),
    ...blobRows(registry),
    ...imageRows(registry),
    ...referrerRows(registry),
    ...deletionRows(registry),
  ]
}

/** What the schema's version costs: read by an isolate before anything else, noted once in the life of a bucket. */
function firstRows(registry: Operations): readonly BudgetRow[] {
  const blob = bytesOf(BLOB_BYTES)
  return [
    {
      operation: 'blob HEAD, the first request of an isolate',
      budget: 2,
      run: () => registry.send(404, `/v2/bench/first/blobs/${digestOf(blob)}`, { method: 'HEAD' }),
    },
    {
      operation: 'new blob by one PUT, the first write of a bucket',
      budget: 5,
      blobBytes: blob.length,
      run: () => registry.pushByPut('bench/first', blob),
    },
  ]
}

function blobRows(registry: Operations): readonly BudgetRow[] {
  const [put, patched, large, chunked] = [
    bytesOf(BLOB_BYTES),
    bytesOf(BLOB_BYTES),
    bytesOf((PARTS - 1) * PART_BYTES + BLOB_BYTES),
    Array.from({ length: CHUNKS }, () => bytesOf(BLOB_BYTES)),
  ]
  const digest = digestOf(put)
  const mount = (repository: string, more = '') =>
    registry.send(201, `/v2/${repository}/blobs/uploads/?mount=${digest}${more}`, { method: 'POST' })
  return [
    {
      operation: 'new blob by one PUT',
      budget: 3,
      blobBytes: put.length,
      run: () => registry.pushByPut('bench/blobs', put),
    },
    {
      operation: 'new blob of at most one part by PATCH and PUT',
      budget: 5,
      blobBytes: patched.length,
      run: () => registry.pushByPatch('bench/blobs', patched),
    },
    {
      operation: `new blob of ${PARTS} parts by PATCH and PUT`,
      budget: 6 + PARTS,
      blobBytes: large.length,
      run: () => registry.pushByPatch('bench/blobs', large),
    },
    {
      operation: `new blob in ${CHUNKS} chunks`,
      budget: 5 + 4 * CHUNKS,
      blobBytes: 3 * CHUNKS * BLOB_BYTES,
      run: () => registry.pushInChunks('bench/blobs', chunked),
    },
    {
      operation: 'blob HEAD, already in the repository',
      budget: 1,
      run: () => registry.headBlob('bench/blobs', put),
    },
    { operation: 'blob mounted from a named repository', budget: 2, run: () => mount('bench/b', '&from=bench/blobs') },
    { operation: 'blob found elsewhere in the registry', budget: 3, run: () => mount('bench/c') },
    {
      operation: 'blob sent although the registry has it, by one PUT',
      budget: 2,
      run: () => registry.pushByPut('bench/d', put),
    },
  ]
}

function imageRows(registry: Operations): readonly BudgetRow[] {
  const blobs = Array.from({ length: BLOBS }, () => bytesOf(BLOB_BYTES))
  const [config = bytesOf(0), ...layers] = blobs
  const image = imageOf(config, layers)
  const manifestPut = 2 * BLOBS + 6
  const put = (tag: string) => registry.putManifest('bench/app', tag, image)
  const manifest = '/v2/bench/app/manifests/v1'
  const blob = `/v2/bench/app/blobs/${digestOf(config)}`
  return [
    {
      operation: `${BLOBS} new blobs, each by one PUT`,
      budget: 3 * BLOBS,
      blobBytes: BLOBS * BLOB_BYTES,
      run: () => Promise.all(blobs.map((bytes) => registry.pushByPut('bench/app', bytes))),
    },
    {
      operation: `manifest PUT, ${BLOBS} blobs, first of its repository`,
      budget: manifestPut + 1,
      atOnce: AT_ONCE,
      run: () => put('v1'),
    },
    {
      operation: `manifest PUT, ${BLOBS} blobs, new tag`,
      budget: manifestPut,
      atOnce: AT_ONCE,
      run: () => put('v2'),
    },
    {
      operation: `push again, nothing changed, ${BLOBS} blobs`,
      budget: BLOBS + manifestPut,
      run: () => Promise.all(blobs.map((bytes) => registry.headBlob('bench/app', bytes))).then(() => put('v2')),
    },
    { operation: 'pull by tag, cold edge: the manifest', budget: 1, run: () => registry.send(200, manifest) },
    { operation: 'pull by tag, cold edge: a blob', budget: 1, run: () => registry.send(307, blob) },
    { operation: 'pull by tag, warm edge: the manifest', budget: 0, run: () => registry.send(200, manifest) },
    { operation: 'pull by tag, warm edge: a blob', budget: 0, run: () => registry.send(307, blob) },
    { operation: 'manifest HEAD', budget: 1, run: () => registry.send(200, manifest, { method: 'HEAD' }) },
    { operation: 'page of tags', budget: 1, run: () => registry.send(200, '/v2/bench/app/tags/list?n=1') },
    { operation: 'page of the catalog', budget: 1, run: () => registry.send(200, '/v2/_catalog?n=1') },
  ]
}

function referrerRows(registry: Operations): readonly BudgetRow[] {
  const config = bytesOf(BLOB_BYTES)
  const subject = imageOf(config, [])
  const put = (number: number) => {
    const { mediaType, digest, text } = subject
    const annotations = { 'org.example.number': String(number) }
    const referrer = imageOf(config, [], { subject: { mediaType, digest, size: text.length }, annotations })
    return registry.putManifest('bench/signed', `referrer-${number}`, referrer)
  }
  return [
    {
      operation: 'manifest PUT, 1 blob and a subject, new tag',
      budget: 2 * 1 + 7,
      atOnce: AT_ONCE,
      prepare: async () => {
        await registry.pushByPut('bench/signed', config)
        await registry.putManifest('bench/signed', 'v1', subject)
      },
      run: () => put(1),
    },
    {
      operation: `page of ${REFERRERS} referrers`,
      budget: 2 + REFERRERS,
      atOnce: AT_ONCE,
      prepare: async () => {
        for (let number = 2; number <= REFERRERS; number++) await put(number)
      },
      run: () => registry.send(200, `/v2/bench/signed/referrers/${subject.digest}`),
    },
  ]
}

function deletionRows(registry: Operations): readonly BudgetRow[] {
  const config = bytesOf(BLOB_BYTES)
  const image = imageOf(config, [])
  const remove = (path: string) => registry.send(202, `/v2/bench/old/${path}`, { method: 'DELETE' })
  return [
    {
      operation: 'tag DELETE',
      budget: 3,
      prepare: async () => {
        await registry.pushByPut('bench/old', config)
        for (let tag = 0; tag <= TAGS; tag++) await registry.putManifest('bench/old', `v${tag}`, image)
      },
      run: () => remove('manifests/v0'),
    },
    {
      operation: `manifest DELETE, ${TAGS} tags point to it, 1 more did`,
      budget: 3 + 1 + 3 * TAGS,
      atOnce: AT_ONCE,
      run: () => remove(`manifests/${image.digest}`),
    },
    { operation: 'blob DELETE', budget: 2, run: () => remove(`blobs/${digestOf(config)}`) },
  ]
}
