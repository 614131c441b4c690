import type { MetFault } from '../explorer/run.ts'

/** What a client asks for, as far as the checks need it. */
export type Call =
  | { readonly kind: 'push'; readonly digest: string; readonly tag?: string }
  | { readonly kind: 'delete tag'; readonly tag: string }
  | { readonly kind: 'delete manifest'; readonly digest: string }
  | { readonly kind: 'pull tag'; readonly tag: string }
  | { readonly kind: 'pull manifest'; readonly digest: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'chunk' | 'cancel' | 'other' }

/** A call and what came of it. Moments are numbers: of two events one has the smaller. */
export interface Entry {
  readonly call: Call
  readonly begin: number
  /** `Infinity` without an answer. */
  end: number
  /** When it can do nothing more, but for its late writes; `Infinity` if that is not known. */
  over: number
  /** 0 without an answer. */
  status: number
  /** That the answer names. */
  digest: string | null
  /** What its calls have met. */
  readonly faults: readonly MetFault[]
}

export interface Log {
  readonly entries: readonly Entry[]
  begin(call: Call, faults: readonly MetFault[]): Entry
  end(entry: Entry, response: Response): void
  crash(entry: Entry): void
}

export function createLog(): Log {
  const entries: Entry[] = []
  let moment = 0
  return {
    entries,
    begin(call, faults) {
      const entry: Entry = { call, begin: ++moment, end: Infinity, over: Infinity, status: 0, digest: null, faults }
      entries.push(entry)
      return entry
    },
    end(entry, response) {
      entry.end = ++moment
      if (entry.call.kind !== 'pull tag') entry.over = entry.end // a pull fills KV afterwards
      entry.status = response.status
      entry.digest = response.headers.get('Docker-Content-Digest')
    },
    crash(entry) {
      entry.over = ++moment
    },
  }
}
