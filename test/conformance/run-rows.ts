import { Declined, Mismatch } from './check.ts'
import type { Client } from './client.ts'
import type { Row } from './row.ts'

/** What came of a row. */
export interface Result {
  readonly row: Row
  readonly outcome: 'ok' | 'not ok' | 'skip'
  /** Why, for people; empty with `ok`. */
  readonly detail: string
}

/** Runs the rows one after the other; each result is there as soon as it is known. */
export async function* runRows(client: Client, rows: readonly Row[]): AsyncGenerator<Result> {
  for (const row of rows) yield await runRow(client, row)
}

async function runRow(client: Client, row: Row): Promise<Result> {
  try {
    await row.run(client)
    return { row, outcome: 'ok', detail: '' }
  } catch (error) {
    if (error instanceof Declined) return { row, outcome: 'skip', detail: error.message }
    const detail = error instanceof Error ? error.message : String(error)
    // A connection that breaks is as wrong an answer as any.
    return { row, outcome: 'not ok', detail: error instanceof Mismatch ? detail : `the exchange failed: ${detail}` }
  }
}

/** One result in one line. */
export function resultLine({ row, outcome, detail }: Result): string {
  const what = `${outcome} ${row.id} ${row.section} (${row.level}, ${row.since}) — ${row.says}`
  return detail === '' ? what : `${what}: ${detail}`
}

export function sumLine(results: readonly Result[]): string {
  const count = (wanted: Result['outcome']) => results.filter(({ outcome }) => outcome === wanted).length
  return `${count('ok')} passed, ${count('not ok')} failed, ${count('skip')} skipped`
}

export function resultJson({ row: { id, section, level, since, says }, outcome, detail }: Result): object {
  return { id, section, level, since, says, outcome, detail }
}
