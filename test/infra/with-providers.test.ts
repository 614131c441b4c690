import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { afterEach, expect, test, vi } from 'vitest'

import { checkWithProviders } from './support/check-with-providers.ts'
import { INFRA, withFolder } from './support/folders.ts'
import type { Providers } from './support/providers.ts'
import { createReport } from './support/report.ts'

/**
 * The way that needs the providers' binaries, with a stand-in for Terraform: what it is asked, in which order, and what
 * becomes of its answers. It speaks to the fake of Cloudflare's API as a provider would.
 */
const STAND_IN = `#!/usr/bin/env node
const { appendFileSync } = require('node:fs')
const { basename } = require('node:path')
const { STAND_IN_LOG: log, STAND_IN_FAULT: fault, CLOUDFLARE_BASE_URL: api, TF_CLI_CONFIG_FILE: config } = process.env
const [command, ...args] = process.argv.slice(2)
appendFileSync(log, JSON.stringify({ folder: basename(process.cwd()), command, args, api, config }) + '\\n')
const asked = command === 'apply' ? create(fault === 'unknown' ? '/nothing/here' : '/accounts/1/storage/kv/namespaces') : Promise.resolve()
asked.then(() => {
  if (fault === command) console.log('Error: the stand-in does not like it')
  if (fault === command) process.exit(1)
  if (fault === 'drift' && command === 'plan') process.exit(2)
  if (command === 'test') console.log('Success! 1 passed, 0 failed.')
})
async function create(path) {
  const headers = { Authorization: 'Bearer ' + process.env.CLOUDFLARE_API_TOKEN, 'Content-Type': 'application/json' }
  await fetch(api.replace(/\\/$/, '') + path, { method: 'POST', headers, body: '{"title":"tags"}' })
}
`

interface Call {
  readonly folder: string
  readonly command: string
  readonly args: readonly string[]
  readonly api?: string
  readonly config: string
}

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Runs the check with a Terraform that does not like that command, finds a change, or asks for what the fake has not. */
function check(fault: string, by: 'mirror' | 'override' = 'mirror') {
  return withFolder(async (folder) => {
    const [program, log] = [join(folder, 'terraform'), join(folder, 'calls')]
    writeFileSync(program, STAND_IN)
    chmodSync(program, 0o755)
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`)
    vi.stubEnv('STAND_IN_LOG', log)
    vi.stubEnv('STAND_IN_FAULT', fault)
    const found = ['cloudflare/cloudflare', 'hashicorp/random'].map((source) => ({ source, by, path: folder }))
    const providers: Providers = { configFile: '/dev/null/cli.tfrc', found }
    const report = createReport(() => undefined)
    await checkWithProviders(INFRA, providers, report)
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
    return { findings: report.findings, calls: lines.map((line) => JSON.parse(line) as Call) }
  })
}

/** The commands that were run in one folder, in their order. */
const commandsIn = (calls: readonly Call[], folder: string) =>
  calls.filter((call) => call.folder === folder).map(({ command }) => command)

const LIFE = ['apply', 'plan', 'destroy']

test('the module and each example live from init to destroy, and only there is Cloudflare spoken to, on loopback', async () => {
  const { findings, calls } = await check('')
  expect(findings).toEqual([])
  expect(new Set(calls.map(({ folder }) => folder))).toEqual(new Set(['infra', 'cloudflare-r2', 's3-compatible']))
  expect(commandsIn(calls, 'infra').slice(0, 3)).toEqual(['init', 'validate', 'test'])
  for (const folder of ['cloudflare-r2', 's3-compatible']) {
    const [init, validate, ...lives] = commandsIn(calls, folder)
    expect([init, validate]).toEqual(['init', 'validate'])
    expect(lives.length).toBeGreaterThan(0)
    expect(lives).toEqual(lives.map((_, index) => LIFE[index % 3]))
  }
  for (const { command, args, api, config } of calls) {
    expect(config).toBe('/dev/null/cli.tfrc')
    if (LIFE.includes(command)) expect(api).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//)
    else expect(api).toBeUndefined()
    if (command === 'init') expect(args).toEqual(['-backend=false'])
    if (command === 'plan') expect(args).toEqual(['-detailed-exitcode'])
  }
})

test('with dev_overrides the modules are fetched, and no provider is looked for', async () => {
  const { findings, calls } = await check('', 'override')
  expect(findings).toEqual([])
  expect(commandsIn(calls, 'infra').slice(0, 3)).toEqual(['get', 'validate', 'test'])
  expect(calls.map(({ command }) => command)).not.toContain('init')
})

test.each([
  ['validate', /: validate: Error: the stand-in does not like it$/],
  ['test', /: test: Error: the stand-in does not like it$/],
  ['apply', /: apply: Error: the stand-in does not like it$/],
  ['destroy', /: destroy: Error: the stand-in does not like it$/],
  ['drift', /: a second plan changes nothing: exit status 2$/],
  ['unknown', /: asks nothing of Cloudflare that the fake does not know: POST .*\/nothing\/here$/],
])('%s: what goes wrong is a finding, and nothing else is', async (fault, text) => {
  const { findings } = await check(fault)
  expect(findings.length).toBeGreaterThan(0)
  for (const finding of findings) expect(finding).toMatch(text)
})

test('what does not validate is not applied', async () => {
  const { calls } = await check('validate')
  expect(calls.map(({ command }) => command)).not.toContain('apply')
})
