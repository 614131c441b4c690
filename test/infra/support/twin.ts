import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { META_ARGUMENTS } from './check-arguments.ts'
import { first, hclFiles, parseFolder, type Block, type Module, type Resource } from './hcl.ts'
import { isNested, isReadOnly, isSensitive, schemaKey, typeOf, type Schema, type Schemas } from './schema.ts'

/** What stands in for a resource in the twin: `args` is all that the provider would be given. */
export interface Standin {
  readonly mode: Resource['mode']
  readonly type: string
  readonly args: Block
}

export interface TwinOptions {
  readonly schemas: Schemas
  /** Local names of providers whose resources stay what they are, since the provider is at hand. */
  readonly keep?: ReadonlySet<string>
}

/**
 * Writes into `target` what `source` (a module) would be without providers: each resource becomes a `terraform_data` whose
 * input is its arguments, and what a provider would compute is made up. Terraform itself then judges types,
 * references, validations, conditions and tests. Blind to what only a provider knows, apart from its schema.
 */
export async function writeTwin(
  source: string,
  target: string,
  { schemas, keep = new Set() }: TwinOptions,
): Promise<void> {
  const module = await parseFolder(source)
  mkdirSync(target, { recursive: true })
  writeFileSync(join(target, 'main.tf.json'), JSON.stringify(twinOf(module, schemas, keep), null, 2))
  const tests = join(source, 'tests')
  if (existsSync(tests)) for (const file of hclFiles(tests, '')) cpSync(join(tests, file), join(target, 'tests', file))
}

function twinOf(module: Module, schemas: Schemas, keep: ReadonlySet<string>): Block {
  const kept = module.resources.filter(({ type }) => keep.has(providerOf(type)))
  const replaced = module.resources.filter((resource) => !kept.includes(resource))
  const rewrite = rewriterOf(replaced)
  const providers = Object.entries(module.requiredProviders).filter(([name]) => keep.has(name))
  return withoutEmpty({
    terraform: { required_version: '>= 1.9.0', required_providers: Object.fromEntries(providers) },
    variable: mapValues(module.variables, (block: Block) =>
      'type' in block ? { ...block, type: bare(block['type']) } : block,
    ),
    output: mapValues(module.outputs, (block) => rewrite(block)),
    module: mapValues(module.modules, (block) => rewrite(block)),
    locals: {
      ...(rewrite(module.locals) as Block),
      ...Object.fromEntries(replaced.map((resource) => [localOf(resource), valueOf(resource, schemas)])),
    },
    resource: withoutEmpty({
      terraform_data: Object.fromEntries(
        replaced.map((resource) => [idOf(resource), standinOf(resource, schemas, rewrite)]),
      ),
      ...byType(kept, 'resource', rewrite),
    }),
    data: byType(kept, 'data', rewrite),
  })
}

function standinOf(resource: Resource, schemas: Schemas, rewrite: (value: unknown) => unknown): Block {
  const entries = Object.entries(resource.block)
  const args = Object.fromEntries(entries.filter(([name]) => !META_ARGUMENTS.has(name)))
  const { count, for_each, depends_on, lifecycle } = resource.block
  const { create_before_destroy } = (first(lifecycle) ?? {}) as Block
  const standin = {
    ...(count === undefined ? {} : { count }),
    ...(for_each === undefined ? {} : { for_each }),
    ...(depends_on === undefined
      ? {}
      : { depends_on: (depends_on as string[]).map((text) => dependencyOf(bare(text))) }),
    ...(create_before_destroy === undefined ? {} : { lifecycle: { create_before_destroy } }),
    input: { mode: resource.mode, type: resource.type, args, computed: computedOf(resource, schemas) },
  }
  return rewrite(standin) as Block
}

/** What the provider would make up: the same for the same address, and different for different ones. */
function computedOf(resource: Resource, schemas: Schemas): Block {
  const schema = schemas.get(schemaKey(resource.mode, resource.type)) ?? {}
  const key = 'for_each' in resource.block ? ' ${each.key}' : 'count' in resource.block ? ' ${count.index}' : ''
  const computed = Object.entries(schema).filter(
    ([name, rule]) => !isNested(rule) && typeOf(rule) === 'string' && (isReadOnly(rule) || name === 'id'),
  )
  return Object.fromEntries(
    computed.map(([name]) => {
      const address = `"${resource.type}.${resource.name}.${name}${key}"`
      // A generated password is as long as it was asked to be.
      const length = resource.type === 'random_password' && name === 'result' ? bare(resource.block['length']) : 32
      return [name, `\${substr(sha512(${address}), 0, ${String(length)})}`]
    }),
  )
}

/** What a reference to the resource gives: arguments, known as early as they are, and computed attributes after apply. */
function valueOf(resource: Resource, schemas: Schemas): string {
  const schema: Schema = schemas.get(schemaKey(resource.mode, resource.type)) ?? {}
  const isSecret = (name: string) => schema[name] !== undefined && isSensitive(schema[name])
  const given = Object.keys(resource.block).filter((name) => !META_ARGUMENTS.has(name))
  const computed = Object.keys(computedOf(resource, schemas)).filter((name) => !given.includes(name))
  const one = (reference: string) => {
    const attributes = [
      ...given.map((name) => `${name} = ${reference}.input.args.${name}`),
      ...computed.map((name) => {
        const value = `${reference}.output.computed.${name}`
        return `${name} = ${isSecret(name) ? `sensitive(${value})` : value}`
      }),
    ]
    return `{ ${attributes.join(', ')} }`
  }
  const reference = `terraform_data.${idOf(resource)}`
  if ('count' in resource.block) return `\${[for one in ${reference} : ${one('one')}]}`
  if ('for_each' in resource.block) return `\${{ for key, one in ${reference} : key => ${one('one')} }}`
  return `\${${one(reference)}}`
}

function rewriterOf(replaced: readonly Resource[]): (value: unknown) => unknown {
  const addresses = replaced.map((resource) => {
    const address = `${resource.mode === 'data' ? 'data\\.' : ''}${resource.type}\\.${resource.name}`
    return { pattern: new RegExp(`(?<![\\w.])${address}\\b`, 'g'), local: `local.${localOf(resource)}` }
  })
  const rewrite = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.includes('${')
        ? addresses.reduce((text, { pattern, local }) => text.replace(pattern, local), value)
        : value
    }
    if (Array.isArray(value)) return value.map(rewrite)
    if (typeof value === 'object' && value !== null) return mapValues(value as Block, rewrite)
    return value
  }
  return rewrite
}

function idOf({ mode, type, name }: Resource): string {
  return `${mode === 'data' ? 'data__' : ''}${type}__${name}`
}

function localOf(resource: Resource): string {
  return `twin_${idOf(resource)}`
}

function dependencyOf(address: string): string {
  const [, data, type = '', name = ''] = /^(data\.)?(\w+)\.(\w+)/.exec(address) ?? []
  return type === 'module' ? address : `terraform_data.${data ? 'data__' : ''}${type}__${name}`
}

function providerOf(type: string): string {
  return type.split('_')[0] ?? ''
}

function byType(resources: readonly Resource[], mode: Resource['mode'], rewrite: (value: unknown) => unknown): Block {
  const types: Record<string, Record<string, unknown>> = {}
  for (const { type, name, block } of resources.filter((resource) => resource.mode === mode)) {
    const { depends_on } = block
    const dependencies = depends_on === undefined ? {} : { depends_on: (depends_on as string[]).map(bare) }
    types[type] = { ...types[type], [name]: rewrite({ ...block, ...dependencies }) }
  }
  return types
}

/** An expression without its `${}`. */
function bare(text: unknown): string {
  return String(text).replace(/^\$\{([\s\S]*)\}$/, '$1')
}

function mapValues(block: Block, change: (value: never) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(block).map(([name, value]) => [name, change(value as never)]))
}

function withoutEmpty(block: Block): Block {
  return Object.fromEntries(Object.entries(block).filter(([, value]) => Object.keys(value as Block).length > 0))
}
