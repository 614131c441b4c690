import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { standinsOf } from './support/check-with-twin.ts'
import { INFRA, ROOT, withFolder, writeWorker } from './support/folders.ts'
import { loadSchemas } from './support/schema.ts'
import { terraform, type Outcome } from './support/terraform.ts'
import { writeTwin } from './support/twin.ts'

/** A binding as the API gets it: `text` of a plain_text or secret_text, `namespace_id` of a kv_namespace, and so on. */
export interface Binding {
  readonly name: string
  readonly type: string
  readonly text?: string
  readonly namespace_id?: string
  readonly dataset?: string
  readonly simple?: { readonly limit: number; readonly period: number }
}

export interface PlannedWorker {
  readonly scriptName: string
  /** In the order of their names, secrets in clear. */
  readonly bindings: readonly Binding[]
  /** Absolute path of the ES module. */
  readonly scriptFile: string
  readonly compatibilityDate: string
  readonly compatibilityFlags: readonly string[]
  readonly observability: unknown
  readonly limits: unknown
}

const DEFAULTS = { account_id: '0123456789abcdef0123456789abcdef' }

/**
 * What an example gives to `cloudflare_workers_script`, with nothing left out: so a test can run exactly that Worker.
 * Whatever a provider would make up (ids, generated secrets) is made up here, the same each time.
 * Without a `worker_script` among the variables it is what `npm run build` has written.
 *
 * @param example a folder of infra/examples
 * @throws {Error} with what Terraform says, when it refuses the variables
 */
export function plannedWorker(example: string, variables: Readonly<Record<string, unknown>>): Promise<PlannedWorker> {
  return withTwinOf(`examples/${example}`, variables, async (folder) => {
    const standins = await standinsOf(folder)
    const args = standins.find(({ type }) => type === 'cloudflare_workers_script')?.args
    if (args === undefined) throw new Error(`Cannot tell the Worker of "${example}": it plans none`)
    return {
      scriptName: args['script_name'] as string,
      bindings: args['bindings'] as Binding[],
      scriptFile: resolve(folder, args['content_file'] as string),
      compatibilityDate: args['compatibility_date'] as string,
      compatibilityFlags: (args['compatibility_flags'] ?? []) as string[],
      observability: args['observability'],
      limits: args['limits'] ?? null,
    }
  })
}

/** Applies the twin of a folder of infra/ (`.` is the module itself), and hands over where its state is. */
export function withTwinOf<T>(
  name: string,
  variables: Readonly<Record<string, unknown>>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const schemas = loadSchemas()
  const built = join(ROOT, 'dist/worker.js')
  return withFolder(async (folder) => {
    for (const one of new Set(['.', name])) await writeTwin(join(INFRA, one), join(folder, 'infra', one), { schemas })
    const at = join(folder, 'infra', name)
    const script = existsSync(built) ? built : writeWorker(folder)
    writeFileSync(
      join(at, 'terraform.tfvars.json'),
      JSON.stringify({ ...DEFAULTS, worker_script: script, ...variables }),
    )
    demand(await terraform(at, ['init', '-backend=false']))
    demand(await terraform(at, ['apply', '-auto-approve']))
    return await work(at)
  })
}

function demand({ status, output }: Outcome): void {
  if (status !== 0) throw new Error(`Terraform refuses this: ${output.slice(Math.max(output.indexOf('Error: '), 0))}`)
}
