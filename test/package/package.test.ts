import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startLocal, type Local } from '../../src/node/local.ts'
import { writePackage } from '../../src/node/package.ts'
import { unknownCommands } from '../docs/support/known-commands.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Manifest {
  readonly version: string
  readonly description: string
  readonly private?: boolean
  readonly repository?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const project = manifestIn(ROOT)

/** This one, and what there may be beside the project's own. */
const NODES = [process.execPath, ...['/usr/local/bin/node', '/usr/bin/node'].filter((path) => existsSync(path))]

const work = mkdtempSync(join(tmpdir(), 'roadstead-package-'))
const folder = join(work, 'package')
const home = join(work, 'home')
const installed = join(work, 'installed')
let local: Local

beforeAll(async () => {
  mkdirSync(home)
  mkdirSync(installed)
  await writePackage(folder)
  const [{ filename = '' } = {}] = JSON.parse(npm(work, 'pack', folder, '--json')) as { filename?: string }[]
  npm(installed, 'install', '--offline', join(work, filename))
  local = await startLocal({ data: join(work, 'data') })
})
afterAll(async () => {
  await local.stop()
  rmSync(work, { recursive: true, force: true })
})

describe('package.json', () => {
  test('has the version of the project, and nothing that runs or is fetched on installation', () => {
    expect(manifestIn(folder)).toEqual({
      name: 'roadstead',
      version: project.version,
      description: project.description,
      license: 'Apache-2.0',
      type: 'module',
      bin: { roadstead: 'roadstead.js' },
      engines: { node: '>=20' },
      publishConfig: { access: 'public', provenance: true },
    })
    expect(project.private).toBe(true) // the project itself is never published
  })

  // npm compares it with the repository that the provenance names, and refuses a package without it.
  test('names the repository that a release is built in', async () => {
    const other = join(work, 'released')
    await writePackage(other, { repository: 'https://github.com/example/roadstead' })
    expect(manifestIn(other).repository).toEqual({ type: 'git', url: 'git+https://github.com/example/roadstead.git' })
  })
})

describe('what is in it', () => {
  test('the command, the Worker, the module, and no more', () => {
    const names = ['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'infra', 'package.json']
    expect(readdirSync(folder).sort()).toEqual([...names, 'roadstead.js', 'worker.js', 'worker.js.map'].sort())
    const files = filesOf(join(folder, 'infra'))
    expect(files).toEqual(expect.arrayContaining(['main.tf', 'variables.tf', 'outputs.tf', 'versions.tf', 'README.md']))
    expect(files.some((path) => path.startsWith('examples/'))).toBe(true)
    expect(files.filter((path) => /\.terraform|tfstate|tests\/|\.tfvars$/.test(path))).toEqual([])
  })

  test('a README whose commands exist', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    expect(readme).toContain('npx roadstead login')
    expect(unknownCommands(readme)).toEqual([])
  })

  test('npm packs all of it', () => {
    const [{ files = [] } = {}] = JSON.parse(npm(work, 'pack', folder, '--dry-run', '--json')) as {
      files?: { path: string }[]
    }[]
    expect(files.map(({ path }) => path).sort()).toEqual(filesOf(folder))
  })

  test('the command imports only what Node has', () => {
    const script = readFileSync(join(folder, 'roadstead.js'), 'utf8')
    expect(script).toMatch(/^#!\/usr\/bin\/env node\n/)
    const imported = [...script.matchAll(/^import\b.*?from\s*"([^"]+)"|^import "([^"]+)"/gm)].map((m) => m[1] ?? m[2])
    const own = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)])
    expect(imported.filter((name) => !own.has(name ?? ''))).toEqual([])
    expect(imported.length).toBeGreaterThan(3)
    if (process.platform !== 'win32') expect(statSync(join(folder, 'roadstead.js')).mode & 0o777).toBe(0o755)
  })

  test('no path of this machine', () => {
    for (const path of filesOf(folder)) {
      const bytes = readFileSync(join(folder, path))
      expect(bytes.includes(ROOT) || bytes.includes(work), path).toBe(false)
    }
  })

  test('the licences of everything that is bundled', () => {
    const licences = readFileSync(join(folder, 'THIRD-PARTY-LICENSES'), 'utf8')
    for (const name of ['commander', 'zod', 'jose', 'itty-router', '@aws-sdk/client-s3', '@smithy/core']) {
      expect(licences).toMatch(new RegExp(`^${name} [\\d.]+ \\((MIT|Apache-2\\.0)\\)$`, 'm'))
    }
    expect(licences).toContain('Permission is hereby granted, free of charge')
    expect(licences).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION')
    expect(licences).not.toMatch(/^(miniflare|esbuild|vitest) /m)
  })
})

describe('reproducible', () => {
  const hashes = (path: string) =>
    Object.fromEntries(filesOf(path).map((name) => [name, readFileSync(join(path, name), 'latin1')]))

  test('a second build has the same bytes', async () => {
    const again = join(work, 'again')
    await writePackage(again)
    expect(hashes(again)).toEqual(hashes(folder))
  })

  test('so has one of a copy in another folder, from another working directory', () => {
    const copy = join(work, 'a folder of another length', 'checkout')
    for (const name of ['src', 'infra', 'package.json', 'wrangler.toml', 'tsconfig.json', 'LICENSE', 'CHANGELOG.md']) {
      if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
    }
    for (const name of dependenciesOf([
      'esbuild',
      ...Object.keys(project.dependencies ?? {}).filter((one) => one !== 'miniflare'),
    ])) {
      cpSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name), { recursive: true })
    }
    const out = join(work, 'from-copy')
    const program = join(copy, 'src/node/package.ts')
    execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, out], { cwd: home })
    expect(hashes(out)).toEqual(hashes(folder))
  })

  test('and its tarball', () => {
    const pack = (name: string) => {
      mkdirSync(join(work, name))
      npm(join(work, name), 'pack', folder)
      return hashes(join(work, name))
    }
    expect(pack('first')).toEqual(pack('second'))
  })
})

describe.each(NODES)('installed, run by %s', (node) => {
  /** As somebody who has nothing but this Node, npm and the package. */
  const env = {
    HOME: home,
    npm_config_cache: join(work, 'cache'),
    npm_config_update_notifier: 'false',
    PATH: [dirname(node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
  }
  const roadstead = async (args: readonly string[], input = '') => {
    const child = spawn('npx', ['--offline', 'roadstead', ...args], { cwd: installed, env })
    child.stdin.end(input)
    const ended = new Promise((resolve) => child.once('close', resolve)) // the registry answers from this process
    const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return { status, stdout, stderr }
  }

  test('npx roadstead --help', async () => {
    const { status, stdout, stderr } = await roadstead(['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: roadstead \[options\] \[command\]\n/)
  })

  test('--version is the version of the package', async () => {
    expect(await roadstead(['--version'])).toEqual({ status: 0, stdout: `${project.version}\n`, stderr: '' })
  })

  test('login and a listing of a real registry', async () => {
    const address = new URL(local.url).host
    const login = await roadstead(
      ['login', address, '-u', 'admin', '--password-stdin'],
      `${local.adminToken?.text ?? ''}\n`,
    )
    expect(login).toMatchObject({ status: 0, stderr: '' })
    const name = `user-${NODES.indexOf(node)}`
    expect(await roadstead(['user', 'add', name])).toMatchObject({ status: 0, stderr: '' })
    const { status, stdout } = await roadstead(['user', 'ls', '--json'])
    expect(status).toBe(0)
    expect((JSON.parse(stdout) as { items: { name: string }[] }).items.map((user) => user.name)).toContain(name)
  })
})

/** npm without the settings, the cache or the network of whoever runs the tests. */
function npm(cwd: string, ...args: string[]): string {
  const env = { ...process.env, HOME: home, npm_config_cache: join(work, 'cache'), npm_config_update_notifier: 'false' }
  return execFileSync('npm', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function manifestIn(path: string): Manifest {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest
}

/** These packages, and all that they need, as far as they are installed. */
function dependenciesOf(names: readonly string[]): string[] {
  const found = new Set<string>()
  for (let next = [...names]; next.length > 0;) {
    const fresh = next.filter((name) => !found.has(name) && existsSync(join(ROOT, 'node_modules', name)))
    for (const name of fresh) found.add(name)
    next = fresh.flatMap((name) => {
      const { dependencies = {}, optionalDependencies = {} } = manifestIn(join(ROOT, 'node_modules', name))
      return Object.keys({ ...dependencies, ...optionalDependencies })
    })
  }
  return [...found]
}

/** Every file below `path`, from there. */
function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort()
}
