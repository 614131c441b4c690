import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { startLocal, type Local } from '../../src/node/local.ts'
import { ALL_ROWS } from './all-rows.ts'
import { createClient, type Client } from './client.ts'
import { resultLine, runRows } from './run-rows.ts'

/** What our registry openly does not do, or is not set up to. */
const SKIPPED: Readonly<Record<string, string>> = {
  'warning-1': 'the registry sends no warnings',
  'login-1': 'the registry asks for no login',
  'login-2': 'the registry asks for no login',
}

let local: Local
let data: string
let client: Client

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  local = await startLocal({ data })
  client = createClient({ url: local.url, prefix: 'conformance', login: null })
})
afterAll(async () => {
  await local.stop()
  await rm(data, { recursive: true })
})

test.each(ALL_ROWS.map((row) => [`${row.id} ${row.section}: ${row.says}`, row] as const))('%s', async (_, row) => {
  for await (const result of runRows(client, [row])) {
    const reason = SKIPPED[row.id]
    const wanted = reason === undefined ? { outcome: 'ok', detail: '' } : { outcome: 'skip', detail: reason }
    expect(result, resultLine(result)).toMatchObject(wanted)
  }
})
