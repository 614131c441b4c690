import { join } from 'node:path'

import { checkParsed } from './check-parsed.ts'
import { checkWithProviders } from './check-with-providers.ts'
import { checkWithTwin } from './check-with-twin.ts'
import { moduleFolders, withFolder } from './folders.ts'
import { findProviders, haveAll, type Providers } from './providers.ts'
import { readmeIsCurrent } from './readme-table.ts'
import type { Report } from './report.ts'
import { loadSchemas } from './schema.ts'
import { isWithoutTerraform, terraform, terraformVersion } from './terraform.ts'
import { writeTwin } from './twin.ts'

/** Which of the three ways a check goes. */
export type Path = 'providers' | 'twin' | 'parse-only'

export function choosePath(version: string | null, providers: Providers): Path {
  if (version === null) return 'parse-only'
  const wanted = ['cloudflare/cloudflare', 'hashicorp/random']
  // `terraform init` would look for what is overridden, and without it nothing is found in a mirror: one way for both.
  const ways = new Set(providers.found.filter(({ source }) => wanted.includes(source)).map(({ by }) => by))
  return haveAll(providers, wanted) && ways.size === 1 ? 'providers' : 'twin'
}

/** All that can be checked of infra/ with what is on this machine. */
export async function checkInfra(infra: string, environment: NodeJS.ProcessEnv, report: Report): Promise<void> {
  const version = terraformVersion()
  const providers = findProviders(environment)
  const path = choosePath(version, providers)
  report.say(introductionOf(path, version, providers))

  await checkParsed(infra, report)
  report.list('README.md: the table of inputs and outputs (npm run infra:docs)', await readmeFindings(infra))
  if (isWithoutTerraform(environment)) {
    report.skip('terraform fmt, validate, test, plan, apply', 'there is no terraform on the PATH')
    return
  }
  report.judge('terraform fmt -check -recursive', await terraform(infra, ['fmt', '-check', '-diff', '-recursive']))
  if (path === 'providers') await checkWithProviders(infra, providers, report)
  // The AWS example has no fake to be applied against, so its twin is checked in any case.
  await checkWithTwin(infra, report, { only: (one) => path === 'twin' || one.folder === 'examples/aws-s3' })
  if (haveAll(providers, ['hashicorp/aws'])) await validateWithAws(infra, providers, report)
  else report.skip('examples/aws-s3: validate with the AWS provider', 'its binary is not at hand')
  if (path === 'twin')
    report.skip('the providers themselves', 'the binaries of cloudflare and random are not both at hand, in one way')
}

/** The AWS resources as they are; what others would make stays a stand-in. */
async function validateWithAws(infra: string, providers: Providers, report: Report): Promise<void> {
  const schemas = loadSchemas()
  const config = { TF_CLI_CONFIG_FILE: providers.configFile ?? '/dev/null' }
  await withFolder(async (folder) => {
    const keep = new Set(['aws'])
    for (const one of moduleFolders(infra))
      await writeTwin(join(infra, one), join(folder, 'infra', one), { schemas, keep })
    const at = join(folder, 'infra/examples/aws-s3')
    const overridden = providers.found.some(({ source, by }) => source === 'hashicorp/aws' && by === 'override')
    const what = 'examples/aws-s3: validate with the AWS provider'
    const ready = await terraform(at, overridden ? ['get'] : ['init', '-backend=false'], config)
    report.judge(what, ready.status === 0 ? await terraform(at, ['validate'], config) : ready)
  })
}

async function readmeFindings(infra: string): Promise<string[]> {
  return (await readmeIsCurrent(infra)) ? [] : ['is not what the HCL says: run npm run infra:docs']
}

function introductionOf(path: Path, version: string | null, { found }: Providers): string {
  const providers = found.map(({ source, by }) => `${source} (${by})`).join(', ')
  if (path === 'parse-only') return 'infra:check: no terraform here, so infra/ is only parsed and held against schemas'
  if (path === 'providers')
    return `infra:check: Terraform ${version ?? ''} with ${providers}, against a fake Cloudflare on loopback`
  const why = found.length === 0 ? 'no providers' : `of the providers only ${providers}`
  return `infra:check: Terraform ${version ?? ''} with ${why}, so on a twin without providers, held against their schemas`
}
