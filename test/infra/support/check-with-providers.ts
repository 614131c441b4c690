import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { startFakeCloudflare, type FakeCloudflare } from '../fake-cloudflare.ts'
import { casesOf, type Case } from './cases.ts'
import { copyInfra, titleOf, withFolder, writeWorker } from './folders.ts'
import type { Providers } from './providers.ts'
import type { Report } from './report.ts'
import { terraform } from './terraform.ts'

/**
 * The module and the examples that need nobody but Cloudflare, with the real providers: their own validation, the tests, and
 * a life from apply to destroy against a fake of Cloudflare's API on loopback.
 */
export async function checkWithProviders(infra: string, providers: Providers, report: Report): Promise<void> {
  const config = { TF_CLI_CONFIG_FILE: providers.configFile ?? '/dev/null' }
  const overridden = providers.found.some(({ source, by }) => source === 'cloudflare/cloudflare' && by === 'override')
  await withFolder(async (folder) => {
    const script = writeWorker(folder)
    const copy = join(folder, 'infra')
    copyInfra(infra, copy)
    const cases = casesOf(script).filter((one) => one.folder !== 'examples/aws-s3')
    for (const one of new Set(cases.map((each) => each.folder))) {
      const at = join(copy, one)
      // With dev_overrides, init would look for the provider that is overridden; the modules are still wanted.
      const args = overridden ? ['get'] : ['init', '-backend=false']
      const ready =
        report.judge(`${titleOf(one)}: ${args[0] ?? ''}`, await terraform(at, args, config)) &&
        report.judge(`${titleOf(one)}: validate`, await terraform(at, ['validate'], config))
      if (!ready) continue
      if (one === '.')
        report.judge(`${titleOf(one)}: test`, await terraform(at, ['test'], config), /^(Success|Failure)!.*$/m)
      for (const each of cases.filter((other) => other.folder === one)) {
        const cloudflare = await startFakeCloudflare()
        try {
          await checkLife(at, each, cloudflare, config, report)
        } finally {
          await cloudflare.stop()
        }
      }
    }
  })
}

async function checkLife(
  at: string,
  { folder, title, variables }: Case,
  cloudflare: FakeCloudflare,
  config: NodeJS.ProcessEnv,
  report: Report,
): Promise<void> {
  const environment = { ...config, CLOUDFLARE_BASE_URL: cloudflare.url, CLOUDFLARE_API_TOKEN: 'x'.repeat(40) }
  const what = `${titleOf(folder)} (${title})`
  writeFileSync(join(at, 'terraform.tfvars.json'), JSON.stringify(variables))
  const run = (...args: string[]) => terraform(at, args, environment)
  if (!report.judge(`${what}: apply`, await run('apply', '-auto-approve'))) return
  report.judge(`${what}: a second plan changes nothing`, await run('plan', '-detailed-exitcode'))
  report.judge(`${what}: destroy`, await run('destroy', '-auto-approve'))
  const unknown = cloudflare.requests
    .filter(({ status }) => status === 501)
    .map(({ method, path }) => `${method} ${path}`)
  report.list(`${what}: asks nothing of Cloudflare that the fake does not know`, unknown)
}
