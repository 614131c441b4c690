import { ALL_ROWS } from './all-rows.ts'
import { HELP, parseArguments, type Arguments } from './arguments.ts'
import { createClient } from './client.ts'
import { resultJson, resultLine, runRows, sumLine, type Result } from './run-rows.ts'

/** Exit status where there is nothing to judge. */
const CANNOT = 2

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const wanted = parseArguments(process.argv.slice(2), process.env)
    if (wanted !== null) return await check(wanted)
    console.log(HELP)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return CANNOT
  }
}

async function check({ url, prefix, login, json, picks }: Arguments): Promise<number> {
  const rows = ALL_ROWS.filter(picks)
  if (rows.length === 0) throw new Error('Cannot check anything: no row fits --filter')
  const client = createClient({ url, prefix, login })
  await client.send('GET', '/v2/').catch((cause: unknown) => {
    throw new Error(`Cannot reach "${url}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })

  const results: Result[] = []
  for await (const result of runRows(client, rows)) {
    results.push(result)
    if (!json) console.log(resultLine(result))
  }
  const sum = sumLine(results)
  console.log(json ? JSON.stringify({ url, sum, rows: results.map(resultJson) }, null, 2) : sum)
  return results.some(({ outcome }) => outcome === 'not ok') ? 1 : 0
}
