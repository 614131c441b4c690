import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { format } from 'prettier'

import { ROOT } from './folders.ts'
import { parseFolder, type Block } from './hcl.ts'

const BEGIN = '<!-- infra:docs, generated from the HCL -->'
const END = '<!-- /infra:docs -->'

export async function writeReadme(infra: string): Promise<void> {
  writeFileSync(join(infra, 'README.md'), await currentReadme(infra))
}

export async function readmeIsCurrent(infra: string): Promise<boolean> {
  return readFileSync(join(infra, 'README.md'), 'utf8') === (await currentReadme(infra))
}

/** README.md with the table between its markers as the HCL has it now. */
async function currentReadme(infra: string): Promise<string> {
  const text = readFileSync(join(infra, 'README.md'), 'utf8')
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`Cannot write the table: README.md has no ${BEGIN} and ${END}`)
  const { variables, outputs } = await parseFolder(infra)
  const table = [
    '### Inputs',
    '',
    '| name | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.entries(variables).map(([name, block]) => `| ${inputOf(name, block).join(' | ')} |`),
    '',
    '### Outputs',
    '',
    '| name | meaning |',
    '| --- | --- |',
    ...Object.entries(outputs).map(([name, block]) => `| \`${name}\` | ${cell(block['description'])} |`),
  ]
  const written = `${text.slice(0, start)}${BEGIN}\n\n${table.join('\n')}\n\n${text.slice(end)}`
  const style = JSON.parse(readFileSync(join(ROOT, '.prettierrc.json'), 'utf8')) as object
  return format(written, { ...style, parser: 'markdown' })
}

function inputOf(name: string, block: Block): string[] {
  const type = String(block['type'])
    .replace(/^\$\{([\s\S]*)\}$/, '$1')
    .replace(/([^{])\n\s*(?=[^\s}])/g, '$1, ') // what ends a line in HCL
    .replace(/\s+/g, ' ')
  const fallback = 'default' in block ? `\`${JSON.stringify(block['default'])}\`` : 'required'
  const secret = block['sensitive'] === true ? ' Sensitive.' : ''
  return [`\`${name}\``, `\`${type.replaceAll('|', '\\|')}\``, fallback, cell(block['description']) + secret]
}

function cell(text: unknown): string {
  return String(text).trim().replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '\\<')
}
