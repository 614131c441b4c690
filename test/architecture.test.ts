import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const MAX_LINES = 300

/**
 * What each folder (or file) of src/ may import: other files by the beginning of their path, packages by the beginning
 * of their name. The first row that fits a file is its own. Imports point one way, from the bottom of this table up.
 */
const MAY_IMPORT: readonly (readonly [area: string, imports: readonly string[]])[] = [
  ['oci/', ['oci/', 'node:crypto']],
  ['log.ts', ['node:async_hooks']],
  ['version.ts', ['../package.json']],
  ['settings.ts', []],
  ['metrics/', ['metrics/', 'log.ts']],
  ['http/', ['http/', 'oci/']],
  ['auth/', ['auth/', 'oci/', 'node:crypto', 'jose', 'zod']],
  ['storage/s3/', ['storage/s3/', 'storage/*', 'oci/', '@aws-sdk/', '@smithy/']],
  ['storage/kv/', ['storage/kv/', 'storage/*', 'log.ts', 'oci/']],
  ['storage/cloudflare/', ['storage/*', 'log.ts']],
  ['storage/memory/', ['storage/memory/', 'storage/*', 'oci/', 'node:crypto']],
  ['storage/schema-version.ts', ['storage/*', 'log.ts', 'oci/', 'zod']],
  ['storage/', ['storage/*', 'oci/', 'node:crypto', 'zod']],
  ['accounts/', ['accounts/', 'log.ts', 'storage/*', 'http/', 'auth/', 'oci/', 'jose', 'zod']],
  ['registry/', ['registry/', 'log.ts', 'storage/*', 'http/', 'auth/', 'oci/']],
  ['maintenance/', ['maintenance/', 'registry/', 'storage/*', 'oci/', 'node:crypto']],
  ['services.ts', ['metrics/answered.ts', 'registry/', 'accounts/', 'storage/*', 'http/', 'auth/', 'oci/']],
  ['config.ts', ['settings.ts', 'storage/*', 'http/', 'auth/', 'oci/']],
  [
    'routes/api/',
    ['routes/', 'log.ts', 'services.ts', 'registry/', 'accounts/', 'storage/*', 'http/', 'auth/', 'oci/', 'zod'],
  ],
  [
    'routes/',
    ['routes/', 'log.ts', 'version.ts', 'services.ts', 'registry/', 'accounts/', 'storage/*', 'http/', 'auth/', 'oci/'],
  ],
  ['ui/', ['ui/', 'services.ts', 'registry/', 'storage/*', 'http/', 'auth/', 'oci/']],
  [
    'app.ts',
    [
      'routes/',
      'ui/',
      'log.ts',
      'metrics/answered.ts',
      'services.ts',
      'registry/',
      'storage/*',
      'http/',
      'auth/',
      'oci/',
      'itty-router',
    ],
  ],
  [
    'index.ts',
    [
      'app.ts',
      'config.ts',
      'settings.ts',
      'version.ts',
      'metrics/',
      'services.ts',
      'accounts/',
      'registry/',
      'storage/',
      'http/',
      'auth/',
      'oci/',
    ],
  ],
  // What runs on Node may use all of it, and any package.
  ['node/', ['']],
  ['cli/', ['']],
]

/** Imports of a file that point where they must not, as lines for people. */
function outwardImports(path: string, source: string): string[] {
  const [area, allowed] = MAY_IMPORT.find(([prefix]) => path.startsWith(prefix)) ?? [null, []]
  if (area === null) return [`${path} is in no folder that this test knows`]
  return importsOf(source).flatMap((specifier) => {
    const target = specifier.startsWith('.') ? join(dirname(path), specifier).split(sep).join('/') : specifier
    return allowed.some((rule) => fits(target, rule)) ? [] : [`${path} imports ${target}`]
  })
}

/** A rule that ends in `/*` is of the files in that folder, and not of the folders in it. */
function fits(target: string, rule: string): boolean {
  if (!rule.endsWith('/*')) return target.startsWith(rule)
  return target.startsWith(rule.slice(0, -1)) && !target.slice(rule.length - 1).includes('/')
}

/** Whatever is imported or exported `from` somewhere, `import`ed for its effect, or at run time. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(['"`])([.@a-z][^'"`\s]*)\1/g)
  return [...found].map(([, , specifier = '']) => specifier)
}

const FILES = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map(({ parentPath, name }) => {
    const path = join(parentPath, name)
    return { path: relative(join(ROOT, 'src'), path).split(sep).join('/'), source: readFileSync(path, 'utf8') }
  })

test('all of src/ is looked at', () => {
  const paths = FILES.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining(['app.ts', 'index.ts', 'oci/digest.ts', 'storage/s3/s3-object-store.ts']),
  )
  expect(FILES.flatMap(({ source }) => importsOf(source)).length).toBeGreaterThan(100)
})

test('no import points outward', () => {
  expect(FILES.flatMap(({ path, source }) => outwardImports(path, source))).toEqual([])
})

test('no file is a barrel', () => {
  const barrels = FILES.filter(({ source }) => /^export\b[^'"=;(]*\bfrom\s*['"]/m.test(source))
  expect(barrels.map(({ path }) => path)).toEqual([])
})

test(`no file has more than ${MAX_LINES} lines`, () => {
  const long = FILES.filter(({ source }) => source.trimEnd().split('\n').length > MAX_LINES)
  expect(long.map(({ path }) => path)).toEqual([])
})

// The checker itself: a made-up file of each folder, with an import that must not be there.
test.each([
  ['oci/a.ts', "import { a } from '../storage/keys.ts'", 'storage/keys.ts'],
  ['oci/a.ts', "import { createServer } from 'node:http'", 'node:http'],
  ['oci/a.ts', "import { S3Client } from '@aws-sdk/client-s3'", '@aws-sdk/client-s3'],
  ['http/a.ts', "import type { A } from '../storage/blobs.ts'", 'storage/blobs.ts'],
  ['http/a.ts', "import type { A } from '../auth/access.ts'", 'auth/access.ts'],
  ['auth/a.ts', "import type { A } from '../registry/tags.ts'", 'registry/tags.ts'],
  ['storage/a.ts', "import { a } from './s3/s3-client.ts'", 'storage/s3/s3-client.ts'],
  ['storage/a.ts', "import { a } from './memory/memory-object-store.ts'", 'storage/memory/memory-object-store.ts'],
  ['storage/a.ts', "import { a } from '../http/pagination.ts'", 'http/pagination.ts'],
  ['storage/a.ts', "import { S3Client } from '@aws-sdk/client-s3'", '@aws-sdk/client-s3'],
  ['storage/kv/a.ts', "import { a } from '../s3/s3-client.ts'", 'storage/s3/s3-client.ts'],
  ['storage/kv/a.ts', "import { a } from '@smithy/core'", '@smithy/core'],
  ['storage/s3/a.ts', "import { a } from '../memory/memory-tag-index.ts'", 'storage/memory/memory-tag-index.ts'],
  ['registry/a.ts', "import { a } from '../routes/blobs.ts'", 'routes/blobs.ts'],
  ['registry/a.ts', "import { a } from '../services.ts'", 'services.ts'],
  ['registry/a.ts', "import { a } from '../storage/kv/kv-tag-index.ts'", 'storage/kv/kv-tag-index.ts'],
  ['routes/a.ts', "import { app } from '../app.ts'", 'app.ts'],
  ['routes/a.ts', "import { Router } from 'itty-router'", 'itty-router'],
  ['routes/a.ts', "import { a } from '../storage/s3/s3-client.ts'", 'storage/s3/s3-client.ts'],
  ['services.ts', "import { a } from './config.ts'", 'config.ts'],
  ['app.ts', "import { a } from './config.ts'", 'config.ts'],
  ['app.ts', "import worker from './index.ts'", 'index.ts'],
  ['app.ts', "import { a } from './node/start.ts'", 'node/start.ts'],
  ['index.ts', "import { a } from './node/start.ts'", 'node/start.ts'],
  // Every way to write it.
  ['oci/a.ts', "import {\n  a,\n  b,\n} from '../app.ts'", 'app.ts'],
  ['oci/a.ts', 'import a from "../app.ts"', 'app.ts'],
  ['oci/a.ts', "import type { A } from '../app.ts'", 'app.ts'],
  ['oci/a.ts', "import '../app.ts'", 'app.ts'],
  ['oci/a.ts', "const { a } = await import('../app.ts')", 'app.ts'],
  ['oci/a.ts', "export { a } from '../app.ts'", 'app.ts'],
  ['oci/a.ts', "export * from '../app.ts'", 'app.ts'],
  ['oci/a.ts', "let a: import('../app.ts').App", 'app.ts'],
  ['oci/deep/er/a.ts', "import a from '../../../app.ts'", 'app.ts'],
])('%s: %s is caught', (path, source, target) => {
  expect(outwardImports(path, source)).toEqual([`${path} imports ${target}`])
})

test('a folder that is new here is caught', () => {
  expect(outwardImports('utils/a.ts', '')).toEqual(['utils/a.ts is in no folder that this test knows'])
})

test.each([
  ['oci/a.ts', "import { createHash } from 'node:crypto'\nimport { b } from './b.ts'"],
  [
    'oci/a.ts',
    "/** As in `import a from '../app.ts'`. */\n// import a from '../app.ts'\nconst a = get('from', 'b')\nget('from')\nget('c')",
  ],
  ['storage/s3/a.ts', "import { a } from '@smithy/core'\nimport { b } from '../keys.ts'\nimport { c } from './c.ts'"],
  ['registry/a.ts', "import { a } from '../http/pagination.ts'"],
  ['index.ts', "import { a } from './storage/s3/s3-object-store.ts'"],
  ['node/a.ts', "import { Miniflare } from 'miniflare'\nimport worker from '../index.ts'"],
])('%s: %s is let through', (path, source) => {
  expect(outwardImports(path, source)).toEqual([])
})
