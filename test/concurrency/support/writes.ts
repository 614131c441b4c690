import type { Entry } from './log.ts'

/** Something that may have set a tag or a manifest. */
export interface Write {
  /** A digest; `null` for absent. */
  readonly value: string | null
  readonly begin: number
  /** `Infinity` as long as it may still act: nobody has been told that it has ended. */
  readonly end: number
  /** Whether, once it has ended, what was `value` before is so no more. */
  readonly replaces: (value: string | null) => boolean
}

const ALL = () => true
const NONE = () => false

/**
 * Whether `value` can be what the writes leave in some order that fits their times: one that wrote it was not
 * replaced by another that began after its end.
 *
 * @param moment at which it was so; only what had ended by then is sure to count
 */
export function canBe(value: string | null, writes: readonly Write[], moment = Infinity): boolean {
  return writes.some(
    (write) =>
      write.value === value &&
      !writes.some((other) => other.begin > write.end && other.end < moment && other.replaces(value)),
  )
}

/** What the calls do to a tag. */
export function writesOfTag(tag: string, first: string | null, log: readonly Entry[]): readonly Write[] {
  return [
    startingAs(first),
    ...log.flatMap((entry): Write[] => {
      const { call, status } = entry
      if (call.kind === 'push' && call.tag === tag) return isRefused(entry) ? [] : [writeOf(entry, call.digest, ALL)]
      // Answered 404 it has removed the record all the same, if one was written meanwhile.
      if (call.kind === 'delete tag' && call.tag === tag) return [writeOf(entry, null, ALL)]
      // It takes the tags away that point to the manifest; one that is moved in this very moment it may hit as well.
      if (call.kind === 'delete manifest' && status !== 404)
        return [writeOf(entry, null, (value) => value === call.digest)]
      return []
    }),
  ]
}

/** What the calls do to a manifest: its value is its digest. */
export function writesOfManifest(digest: string, first: boolean, log: readonly Entry[]): readonly Write[] {
  return [
    startingAs(first ? digest : null),
    ...log.flatMap((entry): Write[] => {
      const { call } = entry
      if (isRefused(entry) || !('digest' in call) || call.digest !== digest) return []
      if (call.kind === 'push') return [writeOf(entry, digest, ALL)]
      return call.kind === 'delete manifest' ? [writeOf(entry, null, ALL)] : []
    }),
  ]
}

function startingAs(value: string | null): Write {
  return { value, begin: -1, end: 0, replaces: ALL }
}

function writeOf({ begin, end, status }: Entry, value: string | null, replaces: Write['replaces']): Write {
  if (status === 404) return { value, begin, end, replaces: NONE }
  const done = status >= 200 && status < 300
  return done ? { value, begin, end, replaces } : { value, begin, end: Infinity, replaces: NONE }
}

function isRefused({ status }: Entry): boolean {
  return status >= 400 && status < 500
}
