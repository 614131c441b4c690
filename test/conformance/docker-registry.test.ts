import { existsSync } from 'node:fs'

import { expect, test } from 'vitest'

import { sumLine } from './run-rows.ts'
import { DOCKER_REGISTRY, startDockerRegistry } from './support/docker-registry.ts'
import { idsOf, rowsAgainst } from './support/rows-against.ts'

/** What distribution 2.8 does otherwise: the rows that must find it. */
const GAPS: Readonly<Record<string, readonly string[]>> = {
  'no referrers': Array.from({ length: 19 }, (_, at) => `referrer-${at + 1}`),
  'sha512 is not what it answers with, and no manifest has one': [
    'blob-9',
    'push-11',
    'mount-9',
    'manifest-4',
    'content-23',
  ],
  'chunks are taken in any order': ['chunk-5', 'chunk-6', 'chunk-8', 'chunk-9', 'chunk-12', 'chunk-13'],
  'an upload has one URL at a time': ['chunk-7', 'chunk-10', 'chunk-11'],
  'tags have no order and no pages': ['tag-2', 'tag-3', 'tag-5', 'tag-6', 'tag-7', 'tag-8', 'tag-12'],
  'a repository without tags has no list': ['tag-10'],
  'the catalog has an order of its own, and n is not checked': ['catalog-2', 'catalog-5'],
  'a range that cannot be had breaks the connection': ['range-6', 'range-7', 'range-8'],
  'a manifest that it cannot read is its own fault': ['manifest-13', 'manifest-14', 'manifest-20'],
  'layers that are kept elsewhere are not allowed': ['content-11', 'content-20'],
  'a manifest needs the right Accept': ['manifest-17'],
  'a manifest that is too large is 400': ['limit-2'],
  'queries that it does not know or cannot read are ignored': ['push-14', 'mount-7'],
  'what has no route is answered in plain text': ['base-4', 'manifest-11', 'manifest-12', 'error-3', 'error-4'],
}

/** A busy machine needs a minute or two. */
const TIMEOUT_MS = 600_000

const inCi = process.env['CI'] !== undefined

test.skipIf(!inCi && !existsSync(DOCKER_REGISTRY))(
  'the known gaps of docker-registry are found',
  { timeout: TIMEOUT_MS },
  async () => {
    const registry = await startDockerRegistry()
    try {
      const results = await rowsAgainst(registry.url)
      const failed = idsOf(results, 'not ok')
      expect([...failed].sort(), sumLine(results)).toEqual(Object.values(GAPS).flat().sort())
      expect(idsOf(results, 'skip').length).toBeLessThan(20)
      expect(idsOf(results, 'ok').length).toBeGreaterThan(100)
    } finally {
      await registry.stop()
    }
  },
)
