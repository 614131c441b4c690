import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'
import { firstLine, StartFailure } from './failure.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** The date of the runtime's behaviour that the Worker is written for, as wrangler.toml has it. */
export function compatibilityDate(): string {
  const path = join(ROOT, 'wrangler.toml')
  const date = /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(readFileSync(path, 'utf8'))?.[1]
  if (!date) throw new StartFailure(`Cannot read compatibility_date in "${path}": it is not there`)
  return date
}

/** What is deployed: one ES module, and what tells its lines from those of the sources. */
export interface BuiltWorker {
  readonly script: string
  /** JSON, with paths relative to the project. */
  readonly sourceMap: string
}

/** Of package.json a bundle holds the version alone: the rest is for development, and must not change what is deployed. */
export const ONLY_VERSION: Plugin = {
  name: 'only-version',
  setup(build) {
    build.onLoad({ filter: /package\.json$/ }, ({ path }) => {
      if (path !== join(ROOT, 'package.json')) return null
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
      return { contents: JSON.stringify({ version }), loader: 'json' }
    })
  },
}

/** Cloudflare takes 3 MB on the free plan, compressed, and each isolate reads all of it: more is a mistake of ours. */
const MAX_COMPRESSED_BYTES = 512 * 1024

/**
 * The Worker, `src/index.ts` and all that it imports: what `wrangler deploy` makes too. The same sources and the same
 * lockfile give the same bytes, wherever they lie.
 *
 * @throws {StartFailure} with the first error, when the sources do not bundle
 */
export async function buildWorker(): Promise<BuiltWorker> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/index.ts'],
    bundle: true,
    write: false,
    outfile: 'worker.js',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    format: 'esm',
    target: 'es2024',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'cloudflare:*'],
    // As in wrangler.toml: the SDK's browser build parses XML with DOMParser, which workerd does not have.
    plugins: [ONLY_VERSION],
    alias: { '@aws-sdk/xml-builder': './node_modules/@aws-sdk/xml-builder/dist-cjs/index.js' },
  }).catch((error: unknown) => {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new StartFailure(`Cannot bundle the Worker: ${lines[1] ?? firstLine(error)}`)
  })
  const [script, sourceMap] = ['worker.js', 'worker.js.map'].map(
    (name) => result.outputFiles.find(({ path }) => basename(path) === name)?.text,
  )
  if (script === undefined || sourceMap === undefined) throw new Error('esbuild did not write both files')
  return { script, sourceMap }
}

export async function bundleWorker(): Promise<string> {
  return (await buildWorker()).script
}

/**
 * Compressed as it is uploaded, in bytes.
 *
 * @throws {StartFailure} when it is larger than it may be
 */
export function checkedSize(script: string): number {
  const bytes = gzipSync(script).length
  if (bytes <= MAX_COMPRESSED_BYTES) return bytes
  throw new StartFailure(`Cannot build the Worker: it has ${bytes} bytes compressed, above ${MAX_COMPRESSED_BYTES}`)
}

/** `node src/node/build.ts DIR` writes DIR/worker.js and its source map. */
if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  const outdir = process.argv[2] ?? 'dist'
  const { script, sourceMap } = await buildWorker()
  const bytes = checkedSize(script)
  mkdirSync(outdir, { recursive: true })
  writeFileSync(join(outdir, 'worker.js'), script)
  writeFileSync(join(outdir, 'worker.js.map'), sourceMap)
  const sha256 = createHash('sha256').update(script).digest('hex')
  console.log(
    `${join(outdir, 'worker.js')}: ${kilobytes(script.length)} (${kilobytes(bytes)} compressed), sha256 ${sha256}`,
  )
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KB`
}
