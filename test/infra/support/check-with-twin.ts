import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { casesOf, type Case } from './cases.ts'
import { checkArguments } from './check-arguments.ts'
import { moduleFolders, titleOf, withFolder, writeWorker } from './folders.ts'
import type { Report } from './report.ts'
import { loadSchemas } from './schema.ts'
import { terraform } from './terraform.ts'
import { writeTwin, type Standin } from './twin.ts'

/**
 * Stock Terraform on the twins of the module and its examples; then each resource's arguments against its schema.
 *
 * @param options.only which cases to apply; all of them when not told
 * @param options.tests whether to run the module's tests, too; true when not told
 */
export async function checkWithTwin(
  infra: string,
  report: Report,
  { only = () => true, tests = true }: { only?: (one: Case) => boolean; tests?: boolean } = {},
): Promise<void> {
  const schemas = loadSchemas()
  await withFolder(async (folder) => {
    const script = writeWorker(folder)
    const twin = join(folder, 'infra')
    for (const one of moduleFolders(infra)) await writeTwin(join(infra, one), join(twin, one), { schemas })

    const cases = casesOf(script).filter(only)
    for (const one of new Set(cases.map((each) => each.folder))) {
      const at = join(twin, one)
      const ready =
        report.judge(`${titleOf(one)}: init`, await terraform(at, ['init', '-backend=false'])) &&
        report.judge(`${titleOf(one)}: validate`, await terraform(at, ['validate']))
      if (!ready) continue
      if (one === '.' && tests)
        report.judge(`${titleOf(one)}: test`, await terraform(at, ['test']), /^(Success|Failure)!.*$/m)
      const variables = join(infra, one, 'terraform.tfvars.example')
      if (existsSync(variables))
        report.judge(
          `${titleOf(one)}: terraform.tfvars.example`,
          await terraform(at, ['plan', `-var-file=${variables}`]),
        )
      for (const each of cases.filter((other) => other.folder === one)) await checkCase(at, each, report)
    }

    async function checkCase(at: string, { folder: name, title, variables }: Case, to: Report): Promise<void> {
      writeFileSync(join(at, 'terraform.tfvars.json'), JSON.stringify(variables))
      const what = `${titleOf(name)} (${title})`
      if (!to.judge(`${what}: apply`, await terraform(at, ['apply', '-auto-approve']))) return
      to.judge(`${what}: a second plan changes nothing`, await terraform(at, ['plan', '-detailed-exitcode']))
      const standins = await standinsOf(at)
      const findings = standins.flatMap(({ mode, type, args }) => checkArguments(schemas, mode, type, args))
      to.list(`${what}: arguments of ${standins.length} resources against the providers' schemas`, findings)
      to.judge(`${what}: destroy`, await terraform(at, ['destroy', '-auto-approve']))
    }
  })
}

/** Of a twin that was applied: every resource's arguments, secrets in clear. */
export async function standinsOf(folder: string): Promise<Standin[]> {
  const { stdout } = await terraform(folder, ['show', '-json'])
  const state = JSON.parse(stdout) as { values?: { root_module?: StateModule } }
  return standinsOfModule(state.values?.root_module ?? {})
}

interface StateModule {
  readonly resources?: readonly { readonly type: string; readonly values: { readonly input?: Standin } }[]
  readonly child_modules?: readonly StateModule[]
}

function standinsOfModule({ resources = [], child_modules = [] }: StateModule): Standin[] {
  const own = resources.flatMap(({ values }) => (values.input === undefined ? [] : [values.input]))
  return [...own, ...child_modules.flatMap(standinsOfModule)]
}
