import { harmless } from './terminal.ts'

const GAP = '   '

/** Lines of aligned columns under a head in capitals, without space at their ends. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return columns([head.map((name) => name.toUpperCase()), ...rows])
}

/** What there is to know of one thing, a line for each. */
export function facts(entries: Readonly<Record<string, string>>): string {
  return columns(Object.entries(entries).map(([name, value]) => [`${name}:`, value]))
}

function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(harmless))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}
