import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The arguments of a resource, nested: a text such as `required string` or `optional ["list","string"] = GET | HEAD`, or an
 * object whose key '' tells how it nests: `required single`, `optional list` (attributes), `block list min=1` (blocks).
 *
 * schemas/cloudflare.json is what the code of provider v5.22.0 dumps, aws.json what `terraform providers schema` prints of
 * v5.100.0, random.json is written after the documentation of v3.7. All are cut to what infra/ uses. The sets of
 * values after `=` come from the documentation: schemas do not have them.
 */
export interface Schema {
  readonly [argument: string]: string | Schema
}

export type Schemas = ReadonlyMap<string, Schema>

const FOLDER = join(import.meta.dirname, '../schemas')

export function loadSchemas(): Schemas {
  return new Map(
    ['cloudflare', 'random', 'aws'].flatMap((name) =>
      Object.entries(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Record<string, Schema>),
    ),
  )
}

/** `data.` before the type of a data source. */
export function schemaKey(mode: 'resource' | 'data', type: string): string {
  return mode === 'data' ? `data.${type}` : type
}

export function isNested(rule: string | Schema): rule is Schema {
  return typeof rule !== 'string'
}

export function isReadOnly(rule: string | Schema): boolean {
  return flagsOf(rule).startsWith('read-only')
}

export function isRequired(rule: string | Schema): boolean {
  return flagsOf(rule).startsWith('required') || /^block .*\bmin=[1-9]/.test(flagsOf(rule))
}

export function isSensitive(rule: string | Schema): boolean {
  return flagsOf(rule).includes(' sensitive ')
}

export function isBlock(rule: string | Schema): boolean {
  return isNested(rule) && flagsOf(rule).startsWith('block')
}

/** `string`, `number`, `bool`, or `["list","string"]` and the like. */
export function typeOf(rule: string): unknown {
  const text = (rule.split(' = ')[0] ?? '').replace(
    /^(required|optional\+computed|optional|read-only)( deprecated)?( sensitive)? /,
    '',
  )
  return text.startsWith('[') ? JSON.parse(text) : text
}

export function allowedValues(rule: string): readonly string[] | null {
  const text = rule.split(' = ')[1]
  return text === undefined ? null : text.split(' | ')
}

/** How it is used: what an argument's text begins with, and what a nested one has as ''. */
export function flagsOf(rule: string | Schema): string {
  if (!isNested(rule)) return rule
  const flags = rule['']
  return typeof flags === 'string' ? flags : ''
}
