import {
  allowedValues,
  flagsOf,
  isBlock,
  isNested,
  isReadOnly,
  isRequired,
  schemaKey,
  typeOf,
  type Schema,
  type Schemas,
} from './schema.ts'

type Arguments = Readonly<Record<string, unknown>>

/** What no provider sees. */
export const META_ARGUMENTS: ReadonlySet<string> = new Set(['count', 'for_each', 'depends_on', 'lifecycle', 'provider'])

/** @returns one line for each argument that the provider would refuse */
export function checkArguments(schemas: Schemas, mode: 'resource' | 'data', type: string, values: Arguments): string[] {
  const key = schemaKey(mode, type)
  const schema = schemas.get(key)
  return schema === undefined ? [`${key}: no schema of it is at hand`] : checkObject(schema, values, key)
}

function checkObject(schema: Schema, values: Arguments, path: string): string[] {
  const findings: string[] = []
  for (const [name, value] of Object.entries(values)) {
    const rule = name === '' || !Object.hasOwn(schema, name) ? undefined : schema[name]
    if (value === null || (Array.isArray(value) && value.length === 0 && rule !== undefined)) continue
    if (rule === undefined) findings.push(`${path}.${name}: no such argument`)
    else if (isReadOnly(rule)) findings.push(`${path}.${name}: is not for us to set`)
    else
      findings.push(
        ...(isNested(rule) ? checkNested(rule, value, `${path}.${name}`) : checkValue(rule, value, `${path}.${name}`)),
      )
  }
  for (const [name, rule] of Object.entries(schema)) {
    if (name !== '' && isRequired(rule) && isAbsent(values[name])) findings.push(`${path}.${name}: is missing`)
  }
  return findings
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function checkNested(schema: Schema, value: unknown, path: string): string[] {
  const nesting = flagsOf(schema).replace(/^(required|optional\+computed|optional|block) /, '')
  if (isUnknown(value)) return []
  const items = Array.isArray(value) ? (value as unknown[]) : null
  if (nesting.startsWith('single')) {
    // The parser hands a block over as an array of one.
    const only = isBlock(schema) && items?.length === 1 ? items[0] : value
    return isObject(only) ? checkObject(schema, only, path) : [`${path}: must be one object`]
  }
  if (nesting.startsWith('map')) {
    if (!isObject(value)) return [`${path}: must be a map of objects`]
    return Object.entries(value).flatMap(([key, item]) => checkItem(schema, item, `${path}.${key}`))
  }
  if (items === null) return [`${path}: must be a list of objects`]
  const most = Number(/max=(\d+)/.exec(nesting)?.[1] ?? Infinity)
  if (items.length > most) return [`${path}: must not be there more than ${most} times`]
  return items.flatMap((item, index) => checkItem(schema, item, `${path}[${index}]`))
}

function checkItem(schema: Schema, item: unknown, path: string): string[] {
  if (isUnknown(item)) return []
  return isObject(item) ? checkObject(schema, item, path) : [`${path}: must be an object`]
}

function checkValue(rule: string, value: unknown, path: string): string[] {
  return checkType(typeOf(rule), value, path, allowedValues(rule))
}

function checkType(type: unknown, value: unknown, path: string, allowed: readonly string[] | null): string[] {
  if (isUnknown(value)) return []
  if (Array.isArray(type)) {
    const [collection, element] = type as [string, unknown]
    if (collection === 'map') {
      if (!isObject(value)) return [`${path}: must be a map`]
      return Object.entries(value).flatMap(([key, item]) => checkType(element, item, `${path}.${key}`, allowed))
    }
    if (!Array.isArray(value)) return [`${path}: must be a list`]
    return value.flatMap((item, index) => checkType(element, item, `${path}[${index}]`, allowed))
  }
  if (!fits(type, value)) return [`${path}: ${JSON.stringify(value)} is no ${String(type)}`]
  if (allowed === null || typeof value !== 'string') return []
  if (allowed.some((one) => one.toLowerCase() === value.toLowerCase())) return []
  return [`${path}: "${value}" is not one of ${allowed.join(', ')}`]
}

/** Terraform converts between texts, numbers and booleans where it can. */
function fits(type: unknown, value: unknown): boolean {
  if (type === 'dynamic') return true
  if (type === 'string') return ['string', 'number', 'boolean'].includes(typeof value)
  if (type === 'number')
    return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
  return typeof value === 'boolean' || value === 'true' || value === 'false'
}

function isObject(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An expression, when what is checked has only been parsed. */
function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && value.includes('${')
}
