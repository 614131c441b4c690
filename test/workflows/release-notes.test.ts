import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ROOT } from '../docs/support/markdown.ts'
import { temporaryFolder } from '../node/support/temporary.ts'

const CHANGELOG = `# Changelog

## Unreleased

- not yet

## [1.2.3] - 2026-11-24

### Added

- this

## 1.2.2

- before

## 1.2.1

## 1.2.0-rc.1
- candidate
`

function notes(tag: string, version: string, changelog = CHANGELOG) {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ version }))
  writeFileSync(join(cwd, 'CHANGELOG.md'), changelog)
  const run = spawnSync(process.execPath, [join(ROOT, '.ci/release-notes.mjs'), tag], { cwd, encoding: 'utf8' })
  return { status: run.status, stdout: run.stdout, stderr: run.stderr }
}

test.each([
  ['v1.2.3', '1.2.3', CHANGELOG, '### Added\n\n- this\n'],
  ['v1.2.3', '1.2.3', CHANGELOG.replaceAll('\n', '\r\n'), '### Added\n\n- this\n'],
  ['v1.2.2', '1.2.2', CHANGELOG, '- before\n'],
  ['v1.2.0-rc.1', '1.2.0-rc.1', CHANGELOG, '- candidate\n'],
] as const)('%s of version %s', (tag, version, changelog, stdout) => {
  expect(notes(tag, version, changelog)).toEqual({ status: 0, stdout, stderr: '' })
})

test.each([
  ['v1.2.3', '1.2.2', 'Cannot release "v1.2.3": the version in package.json is 1.2.2'],
  ['1.2.3', '1.2.3', 'Cannot release "1.2.3": the version in package.json is 1.2.3'],
  ['', '1.2.3', 'Cannot release "": the version in package.json is 1.2.3'],
  ['v1.2.4', '1.2.4', 'Cannot release "v1.2.4": CHANGELOG.md has no section "## 1.2.4"'],
  ['v1.2', '1.2', 'Cannot release "v1.2": CHANGELOG.md has no section "## 1.2"'],
  ['v1.2.1', '1.2.1', 'Cannot release "v1.2.1": the section of 1.2.1 in CHANGELOG.md is empty'],
] as const)('%s of version %s is refused', (tag, version, stderr) => {
  expect(notes(tag, version)).toEqual({ status: 1, stdout: '', stderr: `${stderr}\n` })
})
