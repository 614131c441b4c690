import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { startLocal, type Local } from '../../src/node/local.ts'
import { startStore, type S3Settings } from '../../src/node/store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { temporaryFolder } from '../node/support/temporary.ts'
import { digestOf, pushImage, type TestManifest } from '../suites/client.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { runCli } from './support/run-cli.ts'

const fsck = (args: readonly string[], env?: Record<string, string>) => runCli('fsck', args, env)

async function start(data: string): Promise<{ local: Local; registry: RegistryUnderTest }> {
  const local = await startLocal({ data, open: true })
  onTestFinished(() => local.stop())
  return { local, registry: registryAt(local) }
}

function registryAt(local: Local): RegistryUnderTest {
  return {
    fetch: (path, init) => fetch(local.url + path, { redirect: 'manual', ...init }),
    download: (location) => fetch(location),
    stop: () => local.stop(),
  }
}

function bucketOf(s3: S3Settings): ObjectStore {
  return createS3ObjectStore({ ...s3, pathStyle: true, features: new Set(), timeoutMs: 10_000 })
}

const manifestKeyOf = ({ digest }: TestManifest) => `repositories/app/_manifests/${digest.replace(':', '/')}`
const refKeyOf = (blob: string, { digest }: TestManifest) =>
  `refs/${blob.replace(':', '/')}/app/@${digest.replace(':', '-')}`
const configOf = ({ text }: TestManifest) => (JSON.parse(text) as { config: { digest: string } }).config.digest

test('a registry that runs, and the same one stopped: whole, broken, mended', async () => {
  const data = temporaryFolder()
  const { local, registry } = await start(data)
  const image = await pushImage(registry, 'app', 'v1')
  const clean = { code: 0, stdout: '12 objects, 0 breaches, 0 leaks, 0 repaired\n', stderr: '' }
  const first = await fsck(['--data', data, '--verify'])
  expect(first).toEqual(clean)

  const objects = bucketOf(local.s3)
  const ref = refKeyOf(configOf(image), image)
  await objects.delete(ref)
  await objects.put('foreign', new Uint8Array(0))
  const detail = `"${ref}" is not there: ${configOf(image)} is not kept for it`
  const leak = 'leak unknown-object foreign: the registry makes no such key\n'
  const breach = `breach manifest-without-ref ${manifestKeyOf(image)}: ${detail}`
  const summary = '12 objects, 1 breaches, 1 leaks, 0 repaired\n'
  expect(await fsck(['--data', data])).toEqual({ code: 1, stdout: `${leak}${breach}\n${summary}`, stderr: '' })
  await local.stop()

  expect(await fsck(['--data', data, '--repair'])).toEqual({
    code: 0,
    stdout: `${leak}${breach} (repaired)\n12 objects, 1 breaches, 1 leaks, 1 repaired\n`,
    stderr: '',
  })
  const again = await start(data) // nothing has kept the folder
  expect((await again.registry.fetch('/v2/app/manifests/v1')).status).toBe(200)
  expect(await fsck(['--data', data])).toMatchObject({
    code: 0,
    stdout: leak + '13 objects, 0 breaches, 1 leaks, 0 repaired\n',
  })
})

test('a storage whose schema is newer is not judged, and not mended', async () => {
  const store = await startStore(temporaryFolder())
  onTestFinished(() => store.stop())
  const objects = bucketOf(store.s3)
  await objects.put('meta/schema.json', new TextEncoder().encode('{"version":2}'))
  await objects.put('foreign', new Uint8Array(0))
  const { bucket, accessKeyId, secretAccessKey } = store.s3
  const env = { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey }
  const { code, stdout, stderr } = await fsck(['--s3-endpoint', store.s3.endpoint, '--repair'], env)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('the storage has schema 2, and this release of Roadstead knows up to 1: upgrade it')
})

test('an external storage; leaks alone do not fail; JSON', async () => {
  const store = await startStore(temporaryFolder())
  onTestFinished(() => store.stop())
  const objects = bucketOf(store.s3)
  const blob = `blobs/${digestOf('').replace(':', '/')}`
  await objects.put(blob, new Uint8Array(0))
  const env = {
    S3_BUCKET: store.s3.bucket,
    S3_ACCESS_KEY_ID: store.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.s3.secretAccessKey,
  }
  const args = ['--json', '--verify', '--repair', '--data', join(temporaryFolder(), 'none')]
  for (const [more, variables] of [
    [[], { ...env, S3_ENDPOINT: store.s3.endpoint }],
    [['--s3-endpoint', store.s3.endpoint], env],
  ] as const) {
    const { code, stdout, stderr } = await fsck([...args, ...more], variables)
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toEqual([
      {
        severity: 'leak',
        kind: 'blob-without-holder',
        key: blob,
        detail: expect.stringMatching(/^no repository holds it; 0 bytes, stored 20/) as string,
        repaired: false,
      },
      { objects: 1, breaches: 0, leaks: 1, repaired: 0 },
    ])
  }

  await objects.put(blob, new Uint8Array(1))
  const { code } = await fsck(args, { ...env, S3_ENDPOINT: store.s3.endpoint })
  expect(code).toBe(1)
})

test('what the running registry has written down is for its owner alone, and goes with it', async () => {
  const data = temporaryFolder()
  const { local } = await start(data)
  const path = join(data, 'running.json')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const { door } = JSON.parse(readFileSync(path, 'utf8')) as { door: { url: string } }
  expect(new URL(door.url).hostname).toBe('127.0.0.1')
  await local.stop()
  expect(() => statSync(path)).toThrow('ENOENT')
})

test('the keys of an external storage are not written down', async () => {
  const store = await startStore(temporaryFolder())
  onTestFinished(() => store.stop())
  const data = temporaryFolder()
  const local = await startLocal({ data, open: true, s3: store.s3 })
  onTestFinished(() => local.stop())
  expect(readFileSync(join(data, 'running.json'), 'utf8')).not.toContain(store.s3.secretAccessKey)
  const { code, stderr } = await fsck(['--data', data])
  expect([code, stderr]).toEqual([
    2,
    `Cannot check data folder "${data}": its registry keeps images in "${store.s3.endpoint}" (name that with --s3-endpoint)\n`,
  ])
})

test('a registry that was killed has left its note behind: that is noticed', async () => {
  const data = temporaryFolder()
  const first = await startLocal({ data, open: true })
  const written = readFileSync(join(data, 'running.json'), 'utf8')
  await first.stop()
  writeFileSync(join(data, 'running.json'), written)
  expect(await fsck(['--data', data])).toMatchObject({ code: 0, stderr: '' })
})

test.each([
  ['an option that there is not', ['--fix'], {}, /^Cannot read the options: Unknown option '--fix' \(see --help\)$/],
  ['no registry', ['--data', '/nowhere'], {}, /^Cannot use data folder "\/nowhere": no registry has run there/],
  ['no bucket', [], { S3_ENDPOINT: 'http://127.0.0.1:9' }, /^Cannot use storage ".*": S3_BUCKET is not set/],
  [
    'nobody there',
    [],
    { S3_ENDPOINT: 'http://127.0.0.1:9', S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'k', S3_SECRET_ACCESS_KEY: 's' },
    /^Cannot reach storage "http:\/\/127.0.0.1:9": the connection is refused$/,
  ],
])('it cannot run: %s', async (_, args, env, message) => {
  const { code, stdout, stderr } = await fsck(args, env)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr.trim()).toMatch(message)
})

test('--help', async () => {
  const { code, stdout } = await fsck(['--help'])
  expect(code).toBe(0)
  expect(stdout).toContain('npm run fsck -- [options]')
})
