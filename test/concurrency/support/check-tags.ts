import { parseDigest } from '../../../src/oci/digest.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { manifestKey } from '../../../src/storage/keys.ts'
import { Tags } from '../../../src/storage/tags.ts'
import type { MetFault } from '../explorer/run.ts'
import { APP, indexKeyOf } from './images.ts'
import type { Entry } from './log.ts'
import type { World } from './world.ts'
import { canBe, writesOfManifest, writesOfTag, type Write } from './writes.ts'

export interface Known {
  /** Each tag with the digest it had at first. */
  readonly tags: Readonly<Record<string, string | null>>
  /** Each manifest, and whether it was there at first. */
  readonly manifests: Readonly<Record<string, boolean>>
  /** After which faults KV may say what was, until that expires; by default after any. */
  readonly staleAfter?: (met: MetFault) => boolean
}

/** The manifests, the tags' records, KV, and what readers were told meanwhile: all as if one thing came after the other. */
export async function checkTags(world: World, { tags, manifests, staleAfter = () => true }: Known): Promise<void> {
  const { entries } = world.log
  for (const [digest, first] of Object.entries(manifests)) {
    const writes = writesOfManifest(digest, first, entries)
    const isThere = isManifestThere(world, digest)
    if (!canBe(isThere ? digest : null, writes))
      throw new Error(`manifest ${digest} is ${isThere ? 'there' : 'absent'} in the end`)
    for (const entry of entries) checkManifestReader(entry, digest, writes)
  }
  for (const [tag, first] of Object.entries(tags)) {
    const writes = writesOfTag(tag, first, entries)
    const record = (await new Tags(world.bucket).get(APP, parseTag(tag)))?.digest ?? null
    if (!canBe(record, writes)) throw new Error(`tag ${tag} is ${record ?? 'absent'} in the end`)
    for (const entry of entries) checkTagReader(entry, tag, writes, world)
    await checkIndex(world, tag, record, staleAfter)
  }
}

function isManifestThere({ objects }: World, digest: string): boolean {
  return objects.has(manifestKey(APP, parseDigest(digest)))
}

function checkManifestReader({ call, begin, end, status }: Entry, digest: string, writes: readonly Write[]): void {
  if (call.kind !== 'pull manifest' || call.digest !== digest || (status !== 200 && status !== 404)) return
  const until = writes.filter((write) => write.begin < end)
  if (!canBe(status === 200 ? digest : null, until, begin))
    throw new Error(`manifest ${digest} was ${status} for a reader`)
}

/** A reader may be told what was, as long as KV lags, but "absent" only if that is so, or the manifest was deleted. */
function checkTagReader(entry: Entry, tag: string, writes: readonly Write[], world: World): void {
  const { call, begin, end, status } = entry
  if (call.kind !== 'pull tag' || call.tag !== tag || (status !== 200 && status !== 404)) return
  const told = status === 200 ? entry.digest : null
  const until = writes.filter((write) => write.begin < end)
  const lags = told !== null && !world.freshTagReads
  const right = lags ? until.some(({ value }) => value === told) : canBe(told, until, begin)
  if (right || (told === null && mayLackManifest(entry, until, world.log.entries))) return
  throw new Error(`tag ${tag} was ${told ?? 'absent'} for a reader`)
}

/** Whether the tag may have pointed to a manifest that was deleted at the time of the read. */
function mayLackManifest({ begin, end }: Entry, writes: readonly Write[], log: readonly Entry[]): boolean {
  return log.some(
    (other) =>
      other.call.kind === 'delete manifest' &&
      other.begin < end &&
      // It was going on, or has overlapped the push of a tag that it then did not see.
      (other.end > begin || writes.some(({ value, begin: pushed }) => value === digestOf(other) && other.end > pushed)),
  )
}

function digestOf({ call }: Entry): string | null {
  return 'digest' in call ? call.digest : null
}

/** KV says what the record says, or nothing; and when what it says has expired, every reader has the truth. */
async function checkIndex(
  world: World,
  tag: string,
  record: string | null,
  staleAfter: (met: MetFault) => boolean,
): Promise<void> {
  const { entries } = world.kv
  const indexed = entries.get(indexKeyOf(tag))?.digest ?? null
  const mayBeStale = world.log.entries.some((entry) => hasLeftStale(entry, tag, world.log.entries, staleAfter))
  if (!mayBeStale && indexed !== null && indexed !== record)
    throw new Error(`KV has ${indexed} for ${tag}, the record ${record ?? 'is absent'}`)

  if (mayBeStale) entries.delete(indexKeyOf(tag))
  const response = await world.ask(`/v2/app/manifests/${tag}`)
  const truth = record !== null && isManifestThere(world, record) ? record : null
  const told = response.headers.get('Docker-Content-Digest')
  if (told !== truth) throw new Error(`tag ${tag} reads as ${told ?? 'absent'}, and is ${truth ?? 'absent'}`)
}

/** Whether the call may have left KV behind, and no later one about the tag has made up for it. */
function hasLeftStale(
  { call, faults, over }: Entry,
  tag: string,
  log: readonly Entry[],
  staleAfter: (met: MetFault) => boolean,
): boolean {
  if ('tag' in call ? call.tag !== tag : call.kind !== 'delete manifest') return false
  const late = faults.some(({ fault }) => fault === 'late')
  // A push that is refused comes to no tag; a deletion takes KV's entry away also when it finds no record.
  const mended = log.some(
    ({ call: later, begin, status }) =>
      begin > over &&
      ((later.kind === 'push' && later.tag === tag && status === 201) ||
        (later.kind === 'delete tag' && later.tag === tag && (status === 202 || status === 404))),
  )
  return faults.some(staleAfter) && (late || !mended)
}
