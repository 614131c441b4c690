import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { firstLine, StartFailure } from './failure.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** The date of the runtime's behaviour that the Worker is written for, as wrangler.toml has it. */
export function compatibilityDate(): string {
  const path = join(ROOT, 'wrangler.toml')
  const date = /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(readFileSync(path, 'utf8'))?.[1]
  if (!date) throw new StartFailure(`Cannot read compatibility_date in "${path}": it is not there`)
  return date
}

/**
 * The Worker, `src/index.ts` and all that it imports, as the text of one ES module: what `wrangler deploy` makes too.
 *
 * @throws {StartFailure} with the first error, when the sources do not bundle
 */
export async function bundleWorker(): Promise<string> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/index.ts'],
    bundle: true,
    write: false,
    logLevel: 'silent',
    format: 'esm',
    target: 'es2024',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'cloudflare:*'],
    // As in wrangler.toml: the SDK's browser build parses XML with DOMParser, which workerd does not have.
    alias: { '@aws-sdk/xml-builder': './node_modules/@aws-sdk/xml-builder/dist-cjs/index.js' },
  }).catch((error: unknown) => {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new StartFailure(`Cannot bundle the Worker: ${lines[1] ?? firstLine(error)}`)
  })
  const [output] = result.outputFiles
  if (!output) throw new Error('esbuild wrote no file')
  return output.text
}

/** `node src/node/build.ts DIR` writes DIR/worker.js. */
if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  const outdir = process.argv[2] ?? 'dist'
  const script = await bundleWorker()
  mkdirSync(outdir, { recursive: true })
  writeFileSync(join(outdir, 'worker.js'), script)
  console.log(`${join(outdir, 'worker.js')}: ${Math.round(script.length / 1024)} KB`)
}
