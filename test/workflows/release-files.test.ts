import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'

import { commandBlocks, ROOT } from '../docs/support/markdown.ts'

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
const work = mkdtempSync(join(tmpdir(), 'roadstead-release-'))
const release = join(work, 'release')

beforeAll(() => {
  execFileSync('bash', [join(ROOT, '.ci/release-files'), release], { cwd: work })
})
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

test('the files of a release', () => {
  const names = ['SHA256SUMS', `roadstead-${version}.tgz`, `roadstead-terraform-${version}.tar.gz`]
  expect(readdirSync(release).sort()).toEqual([...names, 'worker.js', 'worker.js.map'])
})

test('docs/upgrading.md tells how to check them, all or some', () => {
  const [block] = commandBlocks('docs/upgrading.md').filter(({ text }) => text.includes('SHA256SUMS'))
  const check = () => spawnSync('bash', ['-e', '-c', block?.text ?? ''], { cwd: release, encoding: 'utf8' })
  expect(check()).toMatchObject({ status: 0, stderr: '' })
  expect(check().stdout.split('\n').filter(Boolean)).toHaveLength(4)

  const map = readFileSync(join(release, 'worker.js.map'))
  rmSync(join(release, 'worker.js.map'))
  expect(check()).toMatchObject({ status: 0 })
  writeFileSync(join(release, 'worker.js.map'), `${map.toString()} `)
  expect(check()).toMatchObject({ status: 1 })
  writeFileSync(join(release, 'worker.js.map'), map)
})

test('the module as an archive holds no owner, no time, and no state', () => {
  const lines = execFileSync('tar', ['-tvzf', join(release, `roadstead-terraform-${version}.tar.gz`)], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  })
    .trim()
    .split('\n')
  expect(lines.filter((line) => !/^[d-]\S+ 0\/0 +\d+ 1970-01-01 00:00 infra\//.test(line))).toEqual([])
  expect(lines.some((line) => line.endsWith(' infra/main.tf'))).toBe(true)
})

test('a second build has the same bytes', () => {
  const again = join(work, 'again')
  execFileSync('bash', [join(ROOT, '.ci/release-files'), again], { cwd: work })
  for (const name of readdirSync(release)) {
    expect(readFileSync(join(again, name)).equals(readFileSync(join(release, name))), name).toBe(true)
  }
})

test('the step of release.yml that compares both builds', () => {
  const { jobs } = parse(readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8')) as {
    jobs: Record<string, { steps: { name?: string; run?: string }[] }>
  }
  const step = jobs['publish']?.steps.find(({ name }) => name?.startsWith('Both builds'))
  const digest = execFileSync('sha256sum', [join(release, 'SHA256SUMS')], { encoding: 'utf8' }).split(' ')[0] ?? ''
  const compare = (BUILD: string, AGAIN: string) =>
    spawnSync('bash', ['-e', '-c', step?.run ?? 'exit 9'], { cwd: work, env: { ...process.env, BUILD, AGAIN } }).status
  expect(compare(digest, digest)).toBe(0)
  expect(compare(digest, digest.replace(/^./, 'x'))).toBe(1)
  expect(compare('a', 'a')).toBe(1)
  expect(compare('', '')).toBe(1)
})
