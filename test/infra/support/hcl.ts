import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

// Its types would add the browser's to the whole project.
const { parse } = createRequire(import.meta.url)('@cdktn/hcl2json') as {
  parse: (filename: string, text: string) => Promise<unknown>
}

/** A block's arguments and nested blocks, by name; expressions are texts in `${}`, nested blocks are arrays. */
export type Block = Readonly<Record<string, unknown>>

export interface Resource {
  readonly mode: 'resource' | 'data'
  readonly type: string
  readonly name: string
  readonly block: Block
}

export interface Module {
  readonly folder: string
  readonly resources: readonly Resource[]
  readonly variables: Readonly<Record<string, Block>>
  readonly outputs: Readonly<Record<string, Block>>
  readonly modules: Readonly<Record<string, Block>>
  readonly locals: Block
  /** Provider's local name -> its source and version. */
  readonly requiredProviders: Readonly<Record<string, { readonly source: string; readonly version: string }>>
}

/** Of a file as the parser gives it: `{ resource: { TYPE: { NAME: [BLOCK] } }, variable: { NAME: [BLOCK] } }`. */
type File = Readonly<Record<string, unknown>>

/** @throws {Error} naming the file, when one does not parse */
export async function parseFolder(folder: string): Promise<Module> {
  const files: File[] = []
  for (const name of hclFiles(folder, '.tf')) {
    files.push((await parse(name, readFileSync(join(folder, name), 'utf8'))) as File)
  }
  const named = (kind: string) => Object.assign({}, ...files.map((file) => firsts(file[kind]))) as Record<string, Block>
  return {
    folder,
    resources: files.flatMap((file) => [...resourcesOf(file, 'resource'), ...resourcesOf(file, 'data')]),
    variables: named('variable'),
    outputs: named('output'),
    modules: named('module'),
    locals: Object.assign({}, ...files.flatMap((file) => file['locals'] ?? [])) as Block,
    requiredProviders: providersOf(files),
  }
}

export function hclFiles(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
}

/** The parser hands over even a block that can be there only once as an array. */
export function first(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[])[0] : value
}

function firsts(blocks: unknown): Record<string, Block> {
  return Object.fromEntries(
    Object.entries((blocks ?? {}) as Block).map(([name, block]) => [name, first(block) as Block]),
  )
}

function resourcesOf(file: File, mode: Resource['mode']): Resource[] {
  return Object.entries((file[mode] ?? {}) as Block).flatMap(([type, blocks]) =>
    Object.entries(firsts(blocks)).map(([name, block]) => ({ mode, type, name, block })),
  )
}

function providersOf(files: readonly File[]): Module['requiredProviders'] {
  const terraform = files.flatMap((file) => (file['terraform'] ?? []) as Block[])
  const required = terraform.flatMap((block) => (block['required_providers'] ?? []) as Module['requiredProviders'][])
  return Object.assign({}, ...required) as Module['requiredProviders']
}
