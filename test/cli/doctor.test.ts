import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { PROBES } from '../../src/cli/doctor/examine.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { openDataFolder } from '../../src/node/data-folder.ts'
import { startStore, type Store } from '../../src/node/store.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { temporaryFolder } from '../node/support/temporary.ts'
import { startChecksumFront } from '../storage-fronts/checksum-front.ts'
import { FAULTS } from '../storage-fronts/faulty-fronts.ts'
import { startStorageFront } from '../storage-fronts/front.ts'
import { runDoctor, variablesOf } from './support/doctor.ts'

interface Summary {
  safe: boolean
  settings: Record<string, string>
}

/** The lines of `--json`. */
function parse(stdout: string): { findings: Finding[]; summary: Summary } {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  return { findings: lines.slice(0, -1) as Finding[], summary: lines.at(-1) as Summary }
}

test('a data folder: the embedded store is safe, and needs no settings', async () => {
  const data = temporaryFolder()
  const { status, stdout, stderr } = await runDoctor(['--data', data])
  expect(stderr).toBe('')
  expect(status, stdout).toBe(0)
  const lines = stdout.trim().split('\n')
  const names = lines.map((line) => /^(?:ok {2}|warn) {2}([a-z0-9-]+): \S/.exec(line)?.[1])
  expect(names.filter((name) => name !== undefined)).toEqual(PROBES.map(({ name }) => name))
  expect(lines.slice(-2)).toEqual([
    expect.stringMatching(/^Safe for a registry: \d+ ok, \d+ to know of, 0 failed\.$/),
    'It needs no settings.',
  ])
})

describe('a storage that is named', () => {
  let store: Store
  const folder = mkdtempSync(join(tmpdir(), 'roadstead-doctor-'))
  beforeAll(async () => {
    store = await startStore(folder)
  })
  afterAll(async () => {
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function leftBehind(): Promise<readonly unknown[]> {
    const settings = { ...store.s3, pathStyle: true, features: new Set<never>(), timeoutMs: 10_000 }
    return (await createS3ObjectStore(settings).list('doctor/', { limit: 10 })).objects
  }

  test('that enforces checksums: the settings say so, and hold no secret', async () => {
    const front = await startChecksumFront(store.s3)
    const { status, stdout } = await runDoctor(['--json'], variablesOf(front.s3))
    await front.stop()
    const { findings, summary } = parse(stdout)
    expect(status, stdout).toBe(0)
    expect(findings.map(({ name }) => name)).toEqual(PROBES.map(({ name }) => name))
    expect(summary).toMatchObject({
      safe: true,
      fail: 0,
      settings: {
        S3_ENDPOINT: front.s3.endpoint,
        S3_BUCKET: 'roadstead',
        S3_REGION: 'auto',
        S3_PATH_STYLE: 'true',
        S3_FEATURES: 'checksum-sha256',
      },
    })
    for (const secret of [store.s3.accessKeyId, store.s3.secretAccessKey]) expect(stdout).not.toContain(secret)
    expect(await leftBehind()).toEqual([])
  })

  test('that everybody can read is unsafe', async () => {
    const front = await startStorageFront(store.s3, FAULTS['lets everybody read'](store.s3))
    const { status, stdout } = await runDoctor([], variablesOf(front.s3))
    await front.stop()
    expect(status, stdout).toBe(1)
    expect(stdout.match(/^FAIL .*/gm)).toEqual([expect.stringMatching(/^FAIL {2}anonymous: GET without a signature/)])
    expect(stdout).toMatch(/^Not safe for a registry: .* 1 failed\.$/m)
    expect(await leftBehind()).toEqual([])
  })

  test('Ctrl-C: what was written is removed', async () => {
    let pressed = false
    const { status, stdout } = await runDoctor([], variablesOf(store.s3), (written, kill) => {
      if (pressed || !written.includes('keys: ')) return
      pressed = true
      kill('SIGINT')
    })
    expect(status).toBe(130)
    expect(stdout).not.toContain('for a registry')
    expect(await leftBehind()).toEqual([])
  })
})

describe('what cannot be asked', () => {
  const NOWHERE = {
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_BUCKET: 'b',
    S3_ACCESS_KEY_ID: 'a',
    S3_SECRET_ACCESS_KEY: 's',
  }
  test.each([
    ['a storage that is not there', [], NOWHERE, /^Cannot reach storage "http:\/\/127\.0\.0\.1:1": .+\n$/],
    ['a storage without a bucket', [], { ...NOWHERE, S3_BUCKET: '' }, /^Cannot use storage .* S3_BUCKET is not set/],
    ['an endpoint that is none', ['--s3-endpoint', 'ftp://x'], {}, /^Cannot use storage "ftp:\/\/x": .+\n$/],
    ['an option that is none', ['--verbose'], {}, /^Cannot read the options: .+\n$/],
  ])('%s: a line, and status 2', async (_, args, env, message) => {
    const { status, stdout, stderr } = await runDoctor(args, env)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('a data folder that a registry has', async () => {
    const data = temporaryFolder()
    const held = openDataFolder(data)
    const { status, stderr } = await runDoctor(['--data', data])
    held.release()
    expect(status).toBe(2)
    expect(stderr).toBe(
      `Cannot use data folder "${data}": it is in use by another Roadstead (choose another: --data)\n`,
    )
  })
})

test('--help tells the statuses', async () => {
  const { status, stdout } = await runDoctor(['--help'])
  expect(status).toBe(0)
  expect(stdout).toContain('Exit status: 0 when the registry would be safe there, 1 when not, 2 when it cannot ask.')
})
