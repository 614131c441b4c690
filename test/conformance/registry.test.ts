import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startLocal, type Local } from '../../src/node/local.ts'
import { ALL_ROWS } from './all-rows.ts'
import { createClient, type Client } from './client.ts'
import { resultLine, runRows } from './run-rows.ts'

/** What our registry openly does not do, or is not set up to. */
const NO_WARNINGS = { 'warning-1': 'the registry sends no warnings' }
const NO_LOGIN = { 'login-1': 'the registry asks for no login', 'login-2': 'the registry asks for no login' }

describe.each([
  ['without accounts', true, { ...NO_WARNINGS, ...NO_LOGIN }],
  ['with accounts, logged in', false, NO_WARNINGS],
] as const)('%s', (_, open, skipped: Readonly<Record<string, string>>) => {
  let local: Local
  let data: string
  let client: Client

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'roadstead-'))
    local = await startLocal({ data, open })
    const { adminToken } = local
    const login = adminToken === null ? null : { user: 'admin', password: adminToken.text }
    client = createClient({ url: local.url, prefix: 'admin', login })
  })
  afterAll(async () => {
    await local.stop()
    await rm(data, { recursive: true })
  })

  test.each(ALL_ROWS.map((row) => [`${row.id} ${row.section}: ${row.says}`, row] as const))(
    '%s',
    async (_name, row) => {
      for await (const result of runRows(client, [row])) {
        const reason = skipped[row.id]
        const wanted = reason === undefined ? { outcome: 'ok', detail: '' } : { outcome: 'skip', detail: reason }
        expect(result, resultLine(result)).toMatchObject(wanted)
      }
    },
  )
})
