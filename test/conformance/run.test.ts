import { execFile } from 'node:child_process'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ALL_ROWS } from './all-rows.ts'
import { LIES, startLiar } from './support/liar.ts'

/** The command as its user runs it. */
function run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'run.ts')]
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...program, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

test('a line for each row, the sum at the end, and 1 for a failure', async () => {
  const liar = await startLiar(LIES['200 to everything'])
  try {
    const { code, stdout } = await run(liar.url, '--filter', 'base-')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBe(6)
    expect(lines[0]).toMatch(
      /^not ok base-1 Determining Support \(MUST, 1\.0\) — .+: GET \/v2\/\S+: got 200, wanted 404$/,
    )
    expect(lines.at(-1)).toBe('0 passed, 5 failed, 0 skipped')
    expect(code).toBe(1)
  } finally {
    await liar.stop()
  }
})

test('--must-only leaves the others out, --json says all in one object', async () => {
  const liar = await startLiar(LIES['404 to everything'])
  try {
    const { code, stdout } = await run(liar.url, '--must-only', '--json', '--filter', 'chunk-')
    const { sum, rows } = JSON.parse(stdout) as { sum: string; rows: { id: string; outcome: string; detail: string }[] }
    const musts = ALL_ROWS.filter(({ id, level }) => level === 'MUST' && id.startsWith('chunk-')).map(({ id }) => id)
    expect(rows.map(({ id }) => id)).toEqual(musts)
    expect(rows.filter(({ outcome, detail }) => outcome !== 'not ok' || detail === '')).toEqual([])
    expect([sum, code]).toEqual([`0 passed, ${musts.length} failed, 0 skipped`, 1])
  } finally {
    await liar.stop()
  }
})

test('2, and why, where there is no registry to ask', async () => {
  const { code, stdout, stderr } = await run('http://127.0.0.1:1')
  expect(stderr).toMatch(/^Cannot reach "http:\/\/127\.0\.0\.1:1": .+/)
  expect([code, stdout]).toEqual([2, ''])
})

test('--help', async () => {
  const { code, stdout } = await run('--help')
  expect(stdout).toContain('npm run conformance -- URL')
  expect(code).toBe(0)
})
