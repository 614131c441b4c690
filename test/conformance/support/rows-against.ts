import { ALL_ROWS } from '../all-rows.ts'
import { createClient } from '../client.ts'
import { runRows, type Result } from '../run-rows.ts'

/** Every row against a registry without accounts. */
export async function rowsAgainst(url: string): Promise<readonly Result[]> {
  const results: Result[] = []
  const client = createClient({ url, prefix: 'conformance', login: null })
  for await (const result of runRows(client, ALL_ROWS)) results.push(result)
  return results
}

/** Ids of the rows that came out so, in order. */
export function idsOf(results: readonly Result[], outcome: Result['outcome']): readonly string[] {
  return results.filter((result) => result.outcome === outcome).map(({ row }) => row.id)
}
