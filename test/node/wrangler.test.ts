import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startLocal } from '../../src/node/local.ts'
import { temporaryFolder } from './support/temporary.ts'

const ROOT = join(import.meta.dirname, '../..')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

test('what `wrangler deploy` would upload is a registry too', async () => {
  const folder = temporaryFolder()
  const args = [WRANGLER, 'deploy', '--dry-run', '--outdir', folder]
  const env = { ...process.env, HOME: folder, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' }
  const told = execFileSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' })
  for (const binding of ['TAGS', 'LOGIN_FAILURES', 'S3_ENDPOINT', 'S3_BUCKET']) expect(told).toContain(`env.${binding}`)

  const script = readFileSync(join(folder, 'index.js'), 'utf8')
  const local = await startLocal({ data: join(folder, 'data'), port: 0, open: true, script })
  try {
    const response = await fetch(`${local.url}/v2/_catalog`)
    expect([response.status, await response.json()]).toEqual([200, { repositories: [] }])
  } finally {
    await local.stop()
  }
})
