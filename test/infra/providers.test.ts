import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { choosePath } from './support/check-infra.ts'
import { INFRA, moduleFolders, withFolder } from './support/folders.ts'
import { parseFolder } from './support/hcl.ts'
import { findProviders, WANTED_PROVIDERS } from './support/providers.ts'

const HERE = `${platform()}_${arch() === 'x64' ? 'amd64' : arch()}`
const HOST = 'registry.terraform.io'

/** Makes the files, and a CLI configuration in which `@` stands for their folder; then asks for providers. */
function find(files: readonly string[], config: string) {
  return withFolder((folder) => {
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), '')
    }
    const path = join(folder, 'cli.tfrc')
    writeFileSync(path, config.replaceAll('@', folder))
    const { found } = findProviders({ TF_CLI_CONFIG_FILE: path })
    return Promise.resolve(found.map(({ source, by }) => `${source} ${by}`))
  })
}

const MIRROR = 'provider_installation {\n  filesystem_mirror {\n    path = "@/mirror"\n  }\n  direct {}\n}\n'
const CLOUDFLARE = `mirror/${HOST}/cloudflare/cloudflare/5.22.0/${HERE}/terraform-provider-cloudflare_v5.22.0`
const RANDOM = `mirror/${HOST}/hashicorp/random/terraform-provider-random_3.7.2_${HERE}.zip`

describe('findProviders', () => {
  test.each([
    ['no configuration', {}],
    ['an empty one', { TF_CLI_CONFIG_FILE: '' }],
    ['one that is not there', { TF_CLI_CONFIG_FILE: '/nowhere/cli.tfrc' }],
    ['no file', { TF_CLI_CONFIG_FILE: '/dev/null' }],
  ])('finds nothing with %s', (_what, environment) => {
    expect(findProviders(environment)).toEqual({ configFile: null, found: [] })
  })

  test.each([
    ['a mirror', [CLOUDFLARE], MIRROR, ['cloudflare/cloudflare mirror']],
    ['an archive in a mirror', [RANDOM], MIRROR, ['hashicorp/random mirror']],
    ['both', [CLOUDFLARE, RANDOM], MIRROR, ['cloudflare/cloudflare mirror', 'hashicorp/random mirror']],
    ['a mirror with nothing in it', [], MIRROR, []],
    ['a version too old', [CLOUDFLARE.replaceAll('5.22.0', '5.18.0')], MIRROR, []],
    ['another major version', [CLOUDFLARE.replaceAll('5.22.0', '6.0.0')], MIRROR, []],
    ['another platform', [CLOUDFLARE.replace(HERE, 'plan9_mips')], MIRROR, []],
    ['an archive for another platform', [RANDOM.replace(HERE, 'plan9_mips')], MIRROR, []],
    ['a mirror that is commented out', [CLOUDFLARE], MIRROR.replaceAll(/^/gm, '# '), []],
    [
      'dev_overrides',
      ['bin/terraform-provider-cloudflare'],
      'provider_installation {\n  dev_overrides {\n    "cloudflare/cloudflare" = "@/bin"\n    "hashicorp/random" = "@/none"\n  }\n}\n',
      ['cloudflare/cloudflare override'],
    ],
    ['no provider_installation', [CLOUDFLARE], 'plugin_cache_dir = "@/mirror"\n', []],
  ] as const)('with %s', async (_what, files, config, want) => {
    expect(await find(files, config)).toEqual(want)
  })

  test('asks for the versions that the module and the examples ask for', async () => {
    for (const folder of moduleFolders(INFRA)) {
      const { requiredProviders } = await parseFolder(join(INFRA, folder))
      for (const { source, version } of Object.values(requiredProviders)) {
        const wanted = WANTED_PROVIDERS.find((one) => one.source === source)
        const [major = 0, minor = 0] = wanted?.from ?? []
        const range = `>= ${major}.${minor}, < ${wanted?.belowMajor ?? ''}.0`
        expect([`~> ${major}.${minor}`, range]).toContain(version)
      }
    }
  })
})

describe('choosePath', () => {
  const provider = (source: string) => ({ source, by: 'mirror' as const, path: '' })
  const cloudflare = provider('cloudflare/cloudflare')
  const random = provider('hashicorp/random')

  test.each([
    ['parse-only', null, [cloudflare, random]],
    ['twin', '1.11.4', []],
    ['twin', '1.11.4', [cloudflare]],
    ['twin', '1.11.4', [random, provider('hashicorp/aws')]],
    ['twin', '1.11.4', [{ ...cloudflare, by: 'override' as const }, random]],
    ['providers', '1.11.4', [cloudflare, random]],
  ] as const)('%s with Terraform %s and %o', (want, version, found) => {
    expect(choosePath(version, { configFile: null, found })).toBe(want)
  })
})
