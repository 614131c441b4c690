/**
 * What contradicts the invariants: what a client asks for is missing or wrong. Each is named after the object that is
 * there.
 */
export type BreachKind =
  | 'account-unreadable'
  | 'account-without-hint'
  | 'blob-of-other-bytes'
  | 'holder-of-other-size'
  | 'holder-without-blob'
  | 'manifest-of-other-bytes'
  | 'manifest-unreadable'
  | 'manifest-without-blob'
  | 'manifest-without-child'
  | 'manifest-without-ref'
  | 'manifest-without-referrers-hint'
  | 'manifest-outside-catalog'
  | 'tag-unreadable'
  | 'tag-without-hint'
  | 'tag-without-manifest'

/** What only takes up room: a push that was broken off leaves it, and garbage collection takes it. */
export type LeakKind =
  | 'account-hint-without-record'
  | 'blob-without-holder'
  | 'ref-without-manifest'
  | 'referrers-hint-without-manifest'
  | 'tagged-hint-without-tag'
  | 'unfinished-upload'
  | 'unknown-object'

export type FindingKind = BreachKind | LeakKind

export interface Finding {
  readonly severity: 'breach' | 'leak'
  readonly kind: FindingKind
  /** Of the object at fault. */
  readonly key: string
  /** What is wrong with it, for people. */
  readonly detail: string
  /** Mends it, whatever is pushed at the same time; absent where that cannot be known to be right. */
  readonly repair?: () => Promise<void>
}

export function breach(kind: BreachKind, key: string, detail: string, repair?: () => Promise<void>): Finding {
  return { severity: 'breach', kind, key, detail, ...(repair && { repair }) }
}

export function leak(kind: LeakKind, key: string, detail: string, repair?: () => Promise<void>): Finding {
  return { severity: 'leak', kind, key, detail, ...(repair && { repair }) }
}
