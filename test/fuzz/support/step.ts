import fc from 'fast-check'

import { BLOBS, MANIFESTS, REPOSITORIES, TAGS } from './model.ts'

/** One thing that a client does; `blob`, `manifest`, `upload` … are indices. */
export type Step =
  | { readonly do: 'start'; readonly repository: number }
  | {
      readonly do: 'chunk'
      readonly upload: number
      readonly blob: number
      readonly half: boolean
      readonly range: 'right' | 'wrong' | null
    }
  | {
      readonly do: 'close'
      readonly upload: number
      readonly blob: number
      readonly right: boolean
      readonly withRest: boolean
    }
  | { readonly do: 'status' | 'cancel'; readonly upload: number }
  | { readonly do: 'post'; readonly repository: number; readonly blob: number; readonly right: boolean }
  | { readonly do: 'mount'; readonly repository: number; readonly from: number; readonly blob: number }
  | { readonly do: 'deleteBlob'; readonly repository: number; readonly blob: number }
  | { readonly do: 'push'; readonly repository: number; readonly manifest: number; readonly tag: number | null }
  | { readonly do: 'deleteManifest'; readonly repository: number; readonly manifest: number }
  | { readonly do: 'deleteTag'; readonly repository: number; readonly tag: number }

export function anyStep(): fc.Arbitrary<Step> {
  const repository = fc.nat(REPOSITORIES.length - 1)
  const blob = fc.nat(BLOBS.length - 1)
  const manifest = fc.nat(MANIFESTS.length - 1)
  const tag = fc.nat(TAGS.length - 1)
  const upload = fc.nat(3)
  const step = <T extends Step['do'], R extends object>(name: T, rest: { [K in keyof R]: fc.Arbitrary<R[K]> }) =>
    fc.record({ do: fc.constant(name), ...rest })
  return fc.oneof(
    step('start', { repository }),
    step('chunk', { upload, blob, half: fc.boolean(), range: fc.constantFrom('right', 'right', 'wrong', null) }),
    step('close', { upload, blob, right: fc.boolean(), withRest: fc.boolean() }),
    step('status', { upload }),
    step('cancel', { upload }),
    { weight: 3, arbitrary: step('post', { repository, blob, right: fc.nat(3).map((nth) => nth > 0) }) },
    step('mount', { repository, from: repository, blob }),
    step('deleteBlob', { repository, blob }),
    { weight: 4, arbitrary: step('push', { repository, manifest, tag: fc.option(tag) }) },
    step('deleteManifest', { repository, manifest }),
    step('deleteTag', { repository, tag }),
  ) as fc.Arbitrary<Step>
}
