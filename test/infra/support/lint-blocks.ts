import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { hclFiles } from './hcl.ts'
import { isBlock, isNested, schemaKey, type Schema, type Schemas } from './schema.ts'

const META_BLOCKS: ReadonlySet<string> = new Set(['lifecycle', 'dynamic', 'content', 'provisioner', 'connection'])

/**
 * Blocks (`rule {`) where the provider wants attributes (`rule = {`), or the other way round: once parsed they look the same.
 * It reads canonical text, as `terraform fmt` leaves it.
 */
export function lintBlocks(schemas: Schemas, folder: string): string[] {
  return hclFiles(folder, '.tf').flatMap((file) => {
    const findings: string[] = []
    /** The schemas of the blocks that the line is in; `null` inside of an expression, or where nothing is checked. */
    const open: (Schema | null)[] = []
    withoutHeredocs(readFileSync(join(folder, file), 'utf8')).forEach((line, index) => {
      const code = line
        .replace(/"(?:\\.|[^"\\])*"/g, (text) => (/^"[\w-]+"$/.test(text) ? text : '""'))
        .replace(/(#|\/\/).*$/, '')
      const inside = open.length === 0 ? null : open.at(-1)
      const top = /^(resource|data) "(\w+)" "\w+" \{/.exec(code)
      const entry = /^\s*(\w+)(\s+"\w+")?\s*(=?)/.exec(code)
      const name = entry?.[1] ?? ''
      const rule = inside !== null && inside !== undefined && Object.hasOwn(inside, name) ? inside[name] : undefined
      const isBlockForm = /^\s*\w+(\s+"\w+")?\s*\{/.test(code)
      if (rule !== undefined && isNested(rule) && isBlockForm !== isBlock(rule)) {
        findings.push(
          `${file}:${index + 1}: ${name} is ${isBlock(rule) ? 'a block, not an attribute' : 'an attribute, not a block'}`,
        )
      } else if (inside && isBlockForm && !META_BLOCKS.has(name) && (rule === undefined || !isNested(rule))) {
        findings.push(`${file}:${index + 1}: there is no block ${name}`)
      }
      let next: Schema | null = null
      if (top && open.length === 0)
        next = schemas.get(schemaKey(top[1] === 'data' ? 'data' : 'resource', top[2] ?? '')) ?? null
      else if (rule !== undefined && isNested(rule) && isBlockForm) next = rule
      for (const sign of code) {
        if ('{[('.includes(sign)) {
          open.push(next)
          next = null
        } else if ('}])'.includes(sign)) open.pop()
      }
    })
    return findings
  })
}

function withoutHeredocs(text: string): string[] {
  let end: string | null = null
  return text.split('\n').map((line) => {
    if (end !== null) {
      if (line.trim() === end) end = null
      return ''
    }
    end = /<<-?(\w+)$/.exec(line)?.[1] ?? null
    return line
  })
}
