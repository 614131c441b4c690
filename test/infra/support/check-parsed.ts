import { join } from 'node:path'

import { checkArguments, META_ARGUMENTS } from './check-arguments.ts'
import { moduleFolders, titleOf } from './folders.ts'
import { parseFolder, type Module } from './hcl.ts'
import { lintBlocks } from './lint-blocks.ts'
import type { Report } from './report.ts'
import { loadSchemas } from './schema.ts'

/** What can be told without Terraform: every expression counts as right. */
export async function checkParsed(infra: string, report: Report): Promise<void> {
  const schemas = loadSchemas()
  for (const folder of moduleFolders(infra)) {
    const module = await parseFolder(join(infra, folder)).catch((error: unknown) => {
      report.list(`${titleOf(folder)}: parse`, [String(error)])
      return null
    })
    if (module === null) continue
    const findings = module.resources.flatMap(({ mode, type, block }) => {
      const args = Object.fromEntries(Object.entries(block).filter(([name]) => !META_ARGUMENTS.has(name)))
      return checkArguments(schemas, mode, type, args)
    })
    report.list(`${titleOf(folder)}: arguments as they are written`, findings)
    report.list(`${titleOf(folder)}: blocks and attributes`, lintBlocks(schemas, join(infra, folder)))
    report.list(
      `${titleOf(folder)}: every variable and output has a description, every variable a type`,
      undescribed(module),
    )
  }
}

function undescribed({ variables, outputs }: Module): string[] {
  const all = [...Object.entries(variables), ...Object.entries(outputs)]
  return [
    ...all
      .filter(([, block]) => typeof block['description'] !== 'string')
      .map(([name]) => `${name} has no description`),
    ...Object.entries(variables)
      .filter(([, block]) => block['type'] === undefined)
      .map(([name]) => `${name} has no type`),
  ]
}
