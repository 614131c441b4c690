import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { buildWorker, ONLY_VERSION } from './build.ts'
import { firstLine, StartFailure } from './failure.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MODE_PROGRAM = 0o755
/** As the examples of infra/ name it. */
const BUILT_WORKER = '../../../dist/worker.js'

/** What of infra/ is for development, or for whoever applied it. */
const NOT_PUBLISHED =
  /^(\.gitignore|\.terraform(\.lock\.hcl)?|tests|.*\.tfstate.*|.*\.tfplan|.*\.tfvars(\.json)?|.*_override\.tf|crash\.log)$/

/** The fields of package.json that are read here. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly engines: Readonly<Record<string, string>>
}

interface PackageOptions {
  /** The address of the sources. npm wants it for provenance, and compares it with where the release was built. */
  readonly repository?: string | undefined
}

/**
 * Writes the npm package into an empty `folder`: the command line as one file without dependencies, the Worker, and the
 * Terraform module. The same sources give the same bytes, wherever they lie.
 *
 * @throws {StartFailure} when the sources do not bundle, or a package in them names no licence
 */
export async function writePackage(folder: string, { repository }: PackageOptions = {}): Promise<void> {
  const manifest = JSON.parse(read('package.json')) as Manifest
  const command = await bundleCommand()
  const worker = await buildWorker()

  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
  }
  write('package.json', `${JSON.stringify(publishedManifest(manifest, repository), null, 2)}\n`)
  write('roadstead.js', command.text)
  chmodSync(join(folder, 'roadstead.js'), MODE_PROGRAM)
  write('worker.js', worker.script)
  write('worker.js.map', worker.sourceMap)
  write('README.md', README)
  for (const name of ['LICENSE', 'CHANGELOG.md']) write(name, read(name))
  write('THIRD-PARTY-LICENSES', thirdPartyLicences([...command.inputs, ...inputsOf(worker.script)]))
  const infra = join(ROOT, 'infra')
  if (existsSync(infra)) {
    cpSync(infra, join(folder, 'infra'), { recursive: true, filter: (path) => !NOT_PUBLISHED.test(basename(path)) })
    pointToWorker(join(folder, 'infra/examples'))
  }
}

/** In the package the Worker lies beside infra/, and is built already. */
function pointToWorker(examples: string): void {
  for (const example of readdirSync(examples)) {
    const path = join(examples, example, 'variables.tf')
    const text = readFileSync(path, 'utf8')
    if (!text.includes(BUILT_WORKER))
      throw new StartFailure(`Cannot publish "${path}": it does not name ${BUILT_WORKER}`)
    writeFileSync(path, text.replace(BUILT_WORKER, '../../../worker.js'))
  }
}

function publishedManifest({ name, version, description, license, engines }: Manifest, repository: string | undefined) {
  return {
    name,
    version,
    description,
    license,
    ...(repository === undefined ? {} : { repository: { type: 'git', url: `git+${repository}.git` } }),
    type: 'module',
    bin: { roadstead: 'roadstead.js' },
    engines,
    publishConfig: { access: 'public', provenance: true },
  }
}

interface Bundle {
  readonly text: string
  /** Files in it, from the root. */
  readonly inputs: readonly string[]
}

/** Node does not run TypeScript below node_modules, and old ones nowhere. */
async function bundleCommand(): Promise<Bundle> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/cli/roadstead.ts'],
    bundle: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
    format: 'esm',
    target: 'node20',
    platform: 'node',
    outfile: 'roadstead.js',
    plugins: [ONLY_VERSION],
    banner: { js: BANNER },
  }).catch((error: unknown) => {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new StartFailure(`Cannot bundle the command line: ${lines[1] ?? firstLine(error)}`)
  })
  const [output] = result.outputFiles
  const [meta] = Object.values(result.metafile.outputs)
  if (!output || !meta) throw new Error('esbuild wrote no file')
  const inputs = Object.entries(meta.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  return { text: output.text, inputs: inputs.map(([path]) => path) }
}

/** CommonJS in an ES module still calls `require` for what Node has. */
const BANNER = `#!/usr/bin/env node
import { createRequire as createRequireOfNode } from 'node:module'
const require = createRequireOfNode(import.meta.url)`

/**
 * The files of a bundle, by the comment that esbuild puts before each. Its source map would not do: it tells of the sources
 * that packages were compiled from, which are not there.
 */
function inputsOf(script: string): string[] {
  return [...script.matchAll(/^\s*\/\/ (node_modules\/\S+)$/gm)].map(([, path = '']) => path)
}

/** The licence of each package that has given a file, in the order of their names. */
function thirdPartyLicences(inputs: readonly string[]): string {
  const folders = new Set(inputs.filter((path) => path.includes('node_modules/')).map(packageFolder))
  const packages = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(read(join(folder, 'package.json'))) as Manifest
    const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    if (files.length === 0 && !license) throw new StartFailure(`Cannot publish "${folder}": it names no licence`)
    const texts = files.sort().map((file) => read(join(folder, file)).replaceAll('\r\n', '\n').trim())
    return { title: `${name} ${version}`, license, texts }
  })
  const sections = packages
    .sort((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, license, texts }) => [`${title} (${license})`, ...texts].join('\n\n'))
  const rule = `\n\n${'-'.repeat(80)}\n\n`
  return `${['roadstead.js and worker.js hold code of these packages.', ...sections].join(rule)}\n`
}

/** The folder of the package that a file belongs to. */
function packageFolder(path: string): string {
  const [folder = ''] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []
  return folder
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

const README = `# Roadstead

A container registry with no server to run: an edge function speaks the OCI distribution API, and layers lie in S3-compatible
storage.

\`\`\`sh
npx roadstead login registry.example.com -u admin
npx roadstead --help
\`\`\`

This package has

- \`roadstead\`, the command that administers a registry: users, organisations, repositories, tokens, trust rules, the audit log;
- \`worker.js\`, the registry itself for Cloudflare Workers, with its source map;
- \`infra/\`, the Terraform module that deploys it.

It needs Node 20 or later, and has no dependencies: \`THIRD-PARTY-LICENSES\` tells what is bundled. Licence: Apache-2.0.
`

/** `node src/node/package.ts DIR [--repository URL]` */
if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { repository: { type: 'string' } } })
  const [folder = 'dist/package'] = positionals
  try {
    await writePackage(folder, values)
    console.log(`${folder}: ${readdirSync(folder).join(' ')}`)
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
