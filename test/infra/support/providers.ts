import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join, resolve } from 'node:path'

/** Where a provider's binary is. */
export interface FoundProvider {
  /** Such as `cloudflare/cloudflare`. */
  readonly source: string
  /** `override`: dev_overrides, with which `terraform init` has nothing to do. */
  readonly by: 'override' | 'mirror'
  readonly path: string
}

export interface Providers {
  /** What TF_CLI_CONFIG_FILE names; `null` when it names nothing that is there. */
  readonly configFile: string | null
  readonly found: readonly FoundProvider[]
}

interface Wanted {
  readonly source: string
  readonly from: readonly [major: number, minor: number]
  readonly belowMajor: number
}

/** As versions.tf of the module and of the examples have them. */
export const WANTED_PROVIDERS: readonly Wanted[] = [
  { source: 'cloudflare/cloudflare', from: [5, 19], belowMajor: 6 },
  { source: 'hashicorp/random', from: [3, 5], belowMajor: 4 },
  { source: 'hashicorp/aws', from: [5, 0], belowMajor: 7 },
]

/**
 * The providers that Terraform would find on this machine: in the folders that TF_CLI_CONFIG_FILE names as dev_overrides or
 * filesystem_mirror. Nothing is downloaded, and the user's own ~/.terraformrc is not looked at.
 */
export function findProviders(environment: NodeJS.ProcessEnv): Providers {
  const path = environment['TF_CLI_CONFIG_FILE'] ?? ''
  if (path === '' || !existsSync(path) || !statSync(path).isFile()) return { configFile: null, found: [] }
  const config = readFileSync(path, 'utf8').replace(/^\s*(#|\/\/).*$/gm, '')
  const overrides = new Map(blocksOf(config, 'dev_overrides').flatMap(entriesOf))
  const mirrors = blocksOf(config, 'filesystem_mirror').flatMap((block) => new Map(entriesOf(block)).get('path') ?? [])
  const found = WANTED_PROVIDERS.flatMap((wanted): FoundProvider[] => {
    const { source } = wanted
    const override = overrides.get(source) ?? overrides.get(`registry.terraform.io/${source}`)
    if (override !== undefined && hasBinary(override, source)) return [{ source, by: 'override', path: override }]
    const mirror = mirrors.find((folder) => hasVersion(folder, wanted))
    return mirror === undefined ? [] : [{ source, by: 'mirror', path: mirror }]
  })
  return { configFile: resolve(path), found }
}

function blocksOf(config: string, name: string): string[] {
  return [...config.matchAll(new RegExp(`\\b${name}\\s*\\{([^}]*)\\}`, 'g'))].map((match) => match[1] ?? '')
}

function entriesOf(block: string): [string, string][] {
  return [...block.matchAll(/"?([\w./-]+)"?\s*=\s*"([^"]*)"/g)].map((match) => [match[1] ?? '', match[2] ?? ''])
}

/** Whether all of an example's providers are at hand. */
export function haveAll(providers: Providers, sources: readonly string[]): boolean {
  return sources.every((source) => providers.found.some((one) => one.source === source))
}

function hasBinary(folder: string, source: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(binaryOf(source)))
}

/** Mirrors hold unpacked providers (VERSION/PLATFORM/binary) or archives (terraform-provider-NAME_VERSION_PLATFORM.zip). */
function hasVersion(mirror: string, { source, from, belowMajor }: Wanted): boolean {
  const folder = join(mirror, 'registry.terraform.io', source)
  if (!existsSync(folder)) return false
  const here = `${platform() === 'win32' ? 'windows' : platform()}_${arch() === 'x64' ? 'amd64' : arch()}`
  return readdirSync(folder).some((name) => {
    const archive = name.endsWith(`_${here}.zip`)
      ? name.slice(binaryOf(source).length + 1, -`_${here}.zip`.length)
      : null
    const version = archive ?? name
    return isWithin(version, from, belowMajor) && (archive !== null || hasBinary(join(folder, name, here), source))
  })
}

function isWithin(version: string, [major, minor]: Wanted['from'], belowMajor: number): boolean {
  const [, first, second] = /^(\d+)\.(\d+)\./.exec(version)?.map(Number) ?? []
  if (first === undefined || second === undefined) return false
  return first < belowMajor && (first > major || (first === major && second >= minor))
}

function binaryOf(source: string): string {
  return `terraform-provider-${source.split('/')[1] ?? ''}`
}
