import fc from 'fast-check'
import { expect, test } from 'vitest'

import { digestOf, pullBlob } from '../suites/client.ts'
import { createMemoryRegistry, type MemoryRegistry, type MemoryRegistryOptions } from '../suites/registry-under-test.ts'
import { expectSound, outcomeOf, readAnswer } from './support/answers.ts'
import { breachesOf } from './support/breaches.ts'
import { BLOBS, createModel, MANIFESTS, REPOSITORIES, TAGS, type Model, type ModelRepository } from './support/model.ts'
import { PROPERTY_TIMEOUT_MS, runs } from './support/runs.ts'
import { anyStep, type Step } from './support/step.ts'
import { take } from './support/take.ts'

const REGISTRIES: readonly (readonly [name: string, options: MemoryRegistryOptions])[] = [
  ['as usual', { limits: { partBytes: 4096 } }],
  ['with tiny parts', { limits: { partBytes: 8, putBytes: 16, copyBytes: 16 } }],
  ['over a store that checks digests', { limits: { partBytes: 4096 }, features: ['checksum-sha256'] }],
  ['that reads tags from storage', { limits: { partBytes: 4096 }, services: { freshTagReads: true } }],
]

/** Left to chance, a repository seldom has all that a manifest names. */
const BEGINNINGS: readonly (readonly Step[])[] = [[], [0], [0, 1]].map((repositories) =>
  repositories.flatMap((repository) =>
    BLOBS.map((_, blob) => ({ do: 'post', repository, blob, right: true }) as const),
  ),
)

test.each(REGISTRIES)(
  'a registry %s is what a model of it is, whatever is pushed, tagged and deleted in whatever order',
  async (_, options) => {
    let pulled = 0
    const anySteps = fc.array(anyStep(), { minLength: 10, maxLength: 40 })
    const property = fc.asyncProperty(fc.constantFrom(...BEGINNINGS), anySteps, async (first, then) => {
      const steps = [...first, ...then]
      const registry = createMemoryRegistry(options)
      const model = createModel()
      for (const step of steps) {
        await take(step, model, registry)
        await registry.idle()
      }
      for (const [index, repository] of model.repositories.entries())
        pulled += await expectSame(registry, REPOSITORIES[index] ?? '', repository)
      expect(await catalogOf(registry)).toEqual(REPOSITORIES.filter((_, index) => model.repositories[index]?.known))
      expect(
        await breachesOf(
          registry,
          steps.some((step) => step.do.startsWith('delete')),
        ),
      ).toEqual([])
      if (hasEnded(model)) expect((await registry.keys()).filter(isChunk)).toEqual([])
    })
    await fc.assert(property, runs(80))
    expect(pulled).toBeGreaterThan(50)
  },
  PROPERTY_TIMEOUT_MS,
)

/** Pulls all there may be of a repository; answers how many manifests there were. */
async function expectSame(registry: MemoryRegistry, name: string, want: ModelRepository): Promise<number> {
  const get = async (path: string) => {
    const answer = await readAnswer(await registry.fetch(`/v2/${name}/${path}`))
    expectSound(answer, 'GET', path)
    return { ...answer, text: new TextDecoder().decode(answer.body), outcome: outcomeOf(answer) }
  }
  for (const blob of BLOBS) {
    const digest = digestOf(blob)
    if (!want.blobs.has(digest)) expect((await get(`blobs/${digest}`)).outcome).toBe('404 BLOB_UNKNOWN')
    else expect(await pullBlob(registry, name, digest)).toEqual(blob)
  }
  for (const { digest, text, mediaType } of MANIFESTS) {
    const found = await get(`manifests/${digest}`)
    expect(found.outcome).toBe(want.manifests.has(digest) ? '200' : '404 MANIFEST_UNKNOWN')
    if (found.status === 200) expect([found.text, found.headers.get('Content-Type')]).toEqual([text, mediaType])
    const referring = [...want.manifests.values()].filter(({ subject }) => subject === digest)
    expect(digestsIn((await get(`referrers/${digest}`)).text)).toEqual(referring.map((one) => one.digest).sort())
  }
  for (const tag of TAGS) {
    const found = await get(`manifests/${tag}`)
    const at = want.tags.get(tag)
    expect(found.headers.get('Docker-Content-Digest')).toBe(at ?? null)
    expect(found.outcome).toBe(at === undefined ? '404 MANIFEST_UNKNOWN' : '200')
  }
  const { outcome, text } = await get('tags/list')
  if (!want.known) expect(outcome).toBe('404 NAME_UNKNOWN')
  else expect(JSON.parse(text)).toEqual({ name, tags: [...want.tags.keys()].sort() })
  return want.manifests.size
}

function digestsIn(index: string): string[] {
  const { manifests } = JSON.parse(index) as { manifests: { digest: string }[] }
  return manifests.map(({ digest }) => digest).sort()
}

async function catalogOf(registry: MemoryRegistry): Promise<string[]> {
  const response = await registry.fetch('/v2/_catalog')
  return (await response.json<{ repositories: string[] }>()).repositories
}

function hasEnded({ uploads }: Model): boolean {
  return uploads.every(({ state }) => state !== 'open')
}

/** Of a cancelled upload the mark that says so stays. */
function isChunk(key: string): boolean {
  return key.startsWith('uploads/') && !key.endsWith('/cancelled')
}
