import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { openObjects } from '../../src/cli/open-registry.ts'
import { startLocal, type Local } from '../../src/node/local.ts'
import { readRunning } from '../../src/node/running.ts'
import { startStore } from '../../src/node/store.ts'
import { parseDigest } from '../../src/oci/digest.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { forEachOf } from '../../src/storage/concurrency.ts'
import { createKvRestTagIndex } from '../../src/storage/kv/kv-rest-tag-index.ts'
import type { ListedTagIndex } from '../../src/storage/tag-index.ts'
import { Tags } from '../../src/storage/tags.ts'
import { temporaryFolder } from '../node/support/temporary.ts'
import { until } from '../node/support/until.ts'
import { digestOf, pushImage, putManifest, type TestManifest } from '../suites/client.ts'
import type { RegistryUnderTest } from '../suites/registry-under-test.ts'
import { runCli, startCli } from './support/run-cli.ts'

const app = parseRepositoryName('app')
/** Hundreds of requests, on a machine that may have other things to do. */
const SLOW_MS = 300_000

const STALE = { digest: parseDigest(digestOf('long ago')), mediaType: 'application/test', size: 1 }

async function start(data: string): Promise<{ local: Local; registry: RegistryUnderTest; kv: ListedTagIndex }> {
  const local = await startLocal({ data, open: true })
  onTestFinished(() => local.stop())
  const registry: RegistryUnderTest = {
    fetch: (path, init) => fetch(local.url + path, { redirect: 'manual', ...init }),
    download: (location) => fetch(location),
    stop: () => local.stop(),
  }
  return { local, registry, kv: kvOf(data) }
}

function kvOf(data: string): ListedTagIndex {
  const running = readRunning(data)
  if (running === null) throw new Error('no registry runs there')
  return createKvRestTagIndex(running.door)
}

async function tagMany(registry: RegistryUnderTest, repository: string, image: TestManifest, tags: readonly string[]) {
  for (const tag of tags) expect((await putManifest(registry, repository, tag, image)).status).toBe(201)
}

async function entriesOf(kv: ListedTagIndex): Promise<string[]> {
  const found: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<ListedTagIndex['list']>> = await kv.list(cursor)
    for (const { repository, tag } of page.entries)
      found.push(`${repository}:${tag} ${(await kv.get(repository, tag))?.digest ?? ''}`)
    cursor = page.cursor
  } while (cursor !== null)
  return found.sort()
}

test('a running registry, whose KV was emptied and poisoned; the same one stopped', async () => {
  const data = temporaryFolder()
  const { local, registry, kv } = await start(data)
  const image = await pushImage(registry, 'app', 'v1')
  await tagMany(registry, 'app', image, ['v2', 'v3'])
  const other = await pushImage(registry, 'other/app', 'v1')
  const right = [...['v1', 'v2', 'v3'].map((tag) => `app:${tag} ${image.digest}`), `other/app:v1 ${other.digest}`]
  expect(await entriesOf(kv)).toEqual(right)

  const damage = async (index: ListedTagIndex) => {
    await index.delete(app, parseTag('v1'))
    await index.put(app, parseTag('v2'), STALE)
    await index.put(app, parseTag('gone'), STALE)
    await index.put(parseRepositoryName('gone'), parseTag('v1'), STALE)
  }
  await damage(kv)
  const args = ['--data', data]
  const stdout = `4 tags indexed, 2 entries of no tag removed: embedded store, KV of ${data}\n`
  expect(await runCli('reindex', args)).toEqual({ code: 0, stdout, stderr: '' })
  expect(await entriesOf(kv)).toEqual(right)
  expect(existsSync(join(data, 'reindex.json'))).toBe(false)

  await damage(kv)
  await local.stop()
  expect(await runCli('reindex', args)).toEqual({ code: 0, stdout, stderr: '' })
  const again = await start(data)
  expect(await entriesOf(again.kv)).toEqual(right)
})

test(
  'killed in the middle it goes on where it was; pushes go on meanwhile, and KV is right in the end',
  async () => {
    const data = temporaryFolder()
    const { local, registry, kv } = await start(data)
    const image = await pushImage(registry, 'a', 'v000')
    await pushImage(registry, 'b', 'moving')
    const records = new Tags(openObjects(local.s3, {}))
    const [a, b] = [parseRepositoryName('a'), parseRepositoryName('b')]
    const record = (await records.get(a, parseTag('v000'))) ?? expect.fail('no record')
    const tags = Array.from({ length: 250 }, (_, at) => parseTag(`v${String(at).padStart(3, '0')}`))
    await forEachOf(tags, (tag) => records.put(a, tag, record)) // as pushes would, at once
    const stale = ['v000', 'v120', 'v249'].map((tag) => parseTag(tag))
    for (const tag of stale) await kv.put(a, tag, STALE)

    const state = join(data, 'reindex.json')
    const first = startCli('reindex', ['--data', data])
    await until('a page of tags is done', () => existsSync(state) && readFileSync(state, 'utf8').includes('v099'))
    first.child.kill('SIGKILL')
    expect((await first.exit).signal).toBe('SIGKILL')

    const second = startCli('reindex', ['--data', data])
    for (let moves = 0; second.child.exitCode === null; moves++)
      await pushImage(registry, 'b', moves % 2 === 0 ? 'new' : 'moving')
    expect((await second.exit).code).toBe(0)
    expect(second.stderr()).toMatch(/^Going on at a, after tag v[01]99\n/)
    expect(second.stdout()).toMatch(/^(5|15)\d tags indexed, 0 entries/)
    expect(existsSync(state)).toBe(false)

    for (const tag of stale) expect((await kv.get(a, tag))?.digest).toBe(image.digest)
    for (const tag of [parseTag('moving'), parseTag('new')]) {
      const truth = await records.get(b, tag)
      expect([undefined, truth?.digest]).toContain((await kv.get(b, tag))?.digest)
    }
  },
  SLOW_MS,
)

test('Ctrl-C ends it with 130; --from begins where it says', async () => {
  const data = temporaryFolder()
  const { registry, kv } = await start(data)
  const image = await pushImage(registry, 'a', 'v1')
  await tagMany(registry, 'a', image, ['v2', 'v3'])
  await pushImage(registry, 'b', 'v1')
  const state = join(data, 'state', 'kept.json')
  const interrupted = startCli('reindex', ['--data', data, '--state', state])
  await until('it has begun', () => existsSync(state))
  interrupted.child.kill('SIGINT')
  expect((await interrupted.exit).code).toBe(130)
  expect(existsSync(state)).toBe(true)

  await kv.put(parseRepositoryName('a'), parseTag('v1'), STALE)
  const rest = await runCli('reindex', ['--data', data, '--state', state, '--from', 'b'])
  expect(rest).toMatchObject({
    code: 0,
    stderr: 'Going on at b\n',
    stdout: expect.stringMatching(/^1 tags indexed/) as string,
  })
  expect((await kv.get(parseRepositoryName('a'), parseTag('v1')))?.digest).toBe(STALE.digest)
})

test('the platform’s KV: the storage of the environment, and the API with its settings', async () => {
  const data = temporaryFolder()
  const { local, registry, kv } = await start(data) // its door stands in for the platform's API
  const image = await pushImage(registry, 'app', 'v1')
  await kv.put(app, parseTag('v1'), STALE)
  const { url, accountId, namespaceId, token } = readRunning(data)?.door ?? expect.fail('it does not run')
  const env = {
    S3_ENDPOINT: local.s3.endpoint,
    S3_BUCKET: local.s3.bucket,
    S3_ACCESS_KEY_ID: local.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: local.s3.secretAccessKey,
    CLOUDFLARE_API_URL: `${url}/`,
    CLOUDFLARE_ACCOUNT_ID: accountId,
    CLOUDFLARE_API_TOKEN: token,
    KV_NAMESPACE_ID: namespaceId,
  }
  const args = ['--state', join(temporaryFolder(), 'state.json'), '--data', join(temporaryFolder(), 'none')]
  const stdout = `1 tags indexed, 0 entries of no tag removed: roadstead of ${local.s3.endpoint}, KV namespace tags\n`
  expect(await runCli('reindex', args, env)).toEqual({ code: 0, stdout, stderr: '' })
  expect((await kv.get(app, parseTag('v1')))?.digest).toBe(image.digest)

  expect(await runCli('reindex', args, { ...env, CLOUDFLARE_API_TOKEN: 'wrong' })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'Cannot PUT in KV: status 401, Authentication error\n',
  })
})

test('an external storage of a local registry, and another one than that registry has', async () => {
  const store = await startStore(temporaryFolder())
  onTestFinished(() => store.stop())
  const data = temporaryFolder()
  const local = await startLocal({ data, open: true, s3: store.s3 })
  onTestFinished(() => local.stop())
  const env = {
    S3_BUCKET: store.s3.bucket,
    S3_ACCESS_KEY_ID: store.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.s3.secretAccessKey,
  }
  const args = ['--data', data]
  const right = await runCli('reindex', [...args, '--s3-endpoint', store.s3.endpoint], env)
  expect(right).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`of ${store.s3.endpoint}, KV of ${data}`) as string,
  })
  const refusal = `Cannot index the tags of "${data}": the registry that runs there keeps images in "${store.s3.endpoint}" (name that with --s3-endpoint)\n`
  expect(await runCli('reindex', args)).toEqual({ code: 2, stdout: '', stderr: refusal })
  const other = await runCli('reindex', [...args, '--s3-endpoint', 'http://127.0.0.1:9'], env)
  expect(other).toEqual({ code: 2, stdout: '', stderr: refusal })
})

const NAMESPACE = { KV_NAMESPACE_ID: 'ns', CLOUDFLARE_ACCOUNT_ID: 'a', CLOUDFLARE_API_TOKEN: 't' }
const STORAGE = { S3_ENDPOINT: 'http://127.0.0.1:9', S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'k', S3_SECRET_ACCESS_KEY: 's' }

test.each([
  ['--from', ['--from', 'App'], {}, /^Cannot begin at "App": it is no repository's name$/],
  ['no registry', ['--data', '/nowhere'], {}, /^Cannot use data folder "\/nowhere": no registry has run there/],
  ['no storage', [], NAMESPACE, /^Cannot index for a KV namespace of Cloudflare: S3_ENDPOINT is not set/],
  [
    'no account',
    [],
    { ...STORAGE, ...NAMESPACE, CLOUDFLARE_ACCOUNT_ID: '' },
    /^Cannot use KV namespace "ns": CLOUDFLARE_ACCOUNT_ID is not/,
  ],
  [
    'no URL',
    [],
    { ...STORAGE, ...NAMESPACE, CLOUDFLARE_API_URL: 'api' },
    /^Cannot use CLOUDFLARE_API_URL "api": it is not an http/,
  ],
  [
    'nobody there',
    [],
    { ...STORAGE, ...NAMESPACE },
    /^Cannot reach storage "http:\/\/127.0.0.1:9": the connection is refused$/,
  ],
])('it cannot run: %s', async (_, args, env, message) => {
  const { code, stdout, stderr } = await runCli('reindex', args, env)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr.trim()).toMatch(message)
})

test('--help', async () => {
  const { code, stdout } = await runCli('reindex', ['--help'])
  expect(code).toBe(0)
  expect(stdout).toContain('npm run reindex -- [options]')
})
