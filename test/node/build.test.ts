import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleWorker, compatibilityDate } from '../../src/node/build.ts'
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
  expect(readFileSync(join(folder, 'worker.js'), 'utf8')).toBe(await bundleWorker())
})

test('the compatibility date is that of wrangler.toml', () => {
  const toml = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')
  expect(toml).toContain(`compatibility_date = "${compatibilityDate()}"`)
})
