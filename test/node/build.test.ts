import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { buildWorker, bundleWorker, checkedSize, compatibilityDate } from '../../src/node/build.ts'
import { temporaryFolder } from './support/temporary.ts'

test('the Worker is one module that imports only what the runtime has, and parses XML without a DOM', async () => {
  const script = await bundleWorker()
  const imported = [...script.matchAll(/^import\b.*?from\s*"([^"]+)"/gm)].map(([, name]) => name)
  expect(imported.filter((name) => !/^(node|cloudflare):/.test(name ?? ''))).toEqual([])
  expect(script).toMatch(/export\s*\{\s*\w+ as default\s*\}/)
  expect(script).not.toContain('DOMParser')
})

test('as a program it writes the same to a folder', async () => {
  const folder = join(temporaryFolder(), 'dist')
  const program = join(import.meta.dirname, '../../src/node/build.ts')
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, folder])
  const { script, sourceMap } = await buildWorker()
  expect(readFileSync(join(folder, 'worker.js'), 'utf8')).toBe(script)
  expect(readFileSync(join(folder, 'worker.js.map'), 'utf8')).toBe(sourceMap)
})

/** Packages that no bundle needs. */
const LARGE =
  /^(@cloudflare|@cdktn|@img|@rolldown|@typescript|@typescript-eslint|node-[\w-]+|typescript|prettier|wrangler|workerd|miniflare)$/

test('the same sources elsewhere, built from another folder, give the same bytes', async () => {
  const { script, sourceMap } = await buildWorker()
  const project = join(import.meta.dirname, '../..')
  const copy = join(temporaryFolder(), 'a', 'copy')
  // Real folders: through a link to them, esbuild would find the first project again.
  const filter = (path: string) => !LARGE.test(relative(join(project, 'node_modules'), path))
  for (const name of ['src', 'package.json', 'wrangler.toml', 'tsconfig.json', 'node_modules'])
    cpSync(join(project, name), join(copy, name), { recursive: true, verbatimSymlinks: true, filter })
  const outdir = join(copy, 'out')
  const args = ['--disable-warning=ExperimentalWarning', join(copy, 'src/node/build.ts'), outdir]
  execFileSync(process.execPath, args, { cwd: temporaryFolder() })
  expect(readFileSync(join(outdir, 'worker.js'), 'utf8')).toBe(script)
  expect(readFileSync(join(outdir, 'worker.js.map'), 'utf8')).toBe(sourceMap)
})

test('neither the script nor its map names a folder of the machine that built it', async () => {
  const { script, sourceMap } = await buildWorker()
  const { sources } = JSON.parse(sourceMap) as { sources: string[] }
  expect(sources).toContain('src/index.ts')
  expect(sources.filter((path) => !/^(src|node_modules)\/|^package\.json$/.test(path))).toEqual([])
  expect(script).not.toContain(join(import.meta.dirname, '../..'))
})

test('a script that is too large is refused', async () => {
  expect(checkedSize(await bundleWorker())).toBeLessThan(300 * 1024)
  expect(() => checkedSize(randomBytes(512 * 1024).toString('hex'))).toThrow(/above 524288/)
})

test('the compatibility date is that of wrangler.toml', () => {
  const toml = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')
  expect(toml).toContain(`compatibility_date = "${compatibilityDate()}"`)
})
