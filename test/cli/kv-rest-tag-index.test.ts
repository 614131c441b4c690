import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { startMaintenanceDoor, type MaintenanceDoor } from '../../src/node/maintenance-door.ts'
import { startRegistry, type Registry } from '../../src/node/registry.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { parseTag } from '../../src/oci/reference.ts'
import { parseRepositoryName } from '../../src/oci/repository.ts'
import { createKvRestTagIndex } from '../../src/storage/kv/kv-rest-tag-index.ts'
import { TAG_INDEX_TTL_SECONDS } from '../../src/storage/tag-index.ts'
import { describeTagIndex } from '../contract/tag-index.ts'
import { STAND_IN_WORKER } from '../node/stand-in/worker.ts'
import { listenOn } from '../node/support/ports.ts'

const repository = parseRepositoryName('team/app')
const tag = parseTag('v1')
const manifest = { mediaType: 'application/test', digest: digestOf(new Uint8Array(1)), size: 1 }

let registry: Registry
let door: MaintenanceDoor
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'roadstead-test-'))
  const s3 = {
    endpoint: 'http://127.0.0.1:9',
    bucket: '',
    region: '',
    accessKeyId: '',
    secretAccessKey: '',
    pathStyle: '',
  }
  registry = await startRegistry({ script: STAND_IN_WORKER, dir, s3 })
  door = await startMaintenanceDoor(() => registry.tagStore())
})
afterAll(async () => {
  await door.stop()
  await registry.stop()
  rmSync(dir, { recursive: true })
})

describeTagIndex('KV through its API', () => Promise.resolve(createKvRestTagIndex(door.settings)))

describe('through the door', () => {
  test('entries have the form that the Worker reads, and expire', async () => {
    await createKvRestTagIndex(door.settings).put(repository, tag, { ...manifest, more: 1 } as never)
    const kv = await registry.tagStore()
    expect(JSON.parse((await kv.get('tag:team/app:v1')) ?? '')).toEqual(manifest)
    const { keys } = await kv.list({ prefix: 'tag:team/app:v1' })
    const expected = Date.now() / 1000 + TAG_INDEX_TTL_SECONDS
    expect(Math.abs((keys[0]?.expiration ?? 0) - expected)).toBeLessThan(600)
  })

  test('every entry is listed once, by pages, and nothing else', async () => {
    const kv = await registry.tagStore()
    for (const { name } of (await kv.list({})).keys) await kv.delete(name)
    const index = createKvRestTagIndex(door.settings)
    expect(await index.list(null)).toEqual({ entries: [], cursor: null })
    const tags = Array.from({ length: 1005 }, (_, at) => `v${at}`)
    for (const name of tags) await kv.put(`tag:team/app:${name}`, '{}', {})
    for (const name of ['other', 'tag:', 'tag:app', 'tag:App:v1', 'tag:app:-v1']) await kv.put(name, 'x', {})
    const seen: string[] = []
    let cursor: string | null = null
    let pages = 0
    do {
      const page: Awaited<ReturnType<typeof index.list>> = await index.list(cursor)
      seen.push(...page.entries.map((entry) => `${entry.repository}:${entry.tag}`))
      cursor = page.cursor
      pages++
    } while (cursor !== null)
    expect(seen.sort()).toEqual(tags.map((name) => `team/app:${name}`).sort())
    expect(pages).toBe(2)
  })

  test.each([
    ['another token', { token: 'f'.repeat(64) }, 'status 401, Authentication error'],
    ['no token', { token: '' }, 'status 401, Authentication error'],
    ['another namespace', { namespaceId: 'other' }, 'status 404, Could not route to the path'],
    ['another account', { accountId: '../x' }, 'status 404, Could not route to the path'],
  ])('%s is refused', async (_, other, reason) => {
    const index = createKvRestTagIndex({ ...door.settings, ...other })
    const want = { code: 'UNAVAILABLE', cause: { message: `Cannot GET in KV: ${reason}` } }
    await expect(index.list(null)).rejects.toMatchObject(want)
    const put = index.put(repository, tag, manifest)
    await expect(put).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    vi.spyOn(console, 'error').mockReturnValueOnce(undefined)
    expect(await index.get(repository, tag)).toBeNull()
  })

  test.each([
    ['POST', 'values/a', 405],
    ['POST', 'keys', 404],
    ['GET', 'keys/a', 404],
    ['GET', 'values', 404],
    ['GET', 'values/a/b', 404],
    ['GET', 'values/%ff', 500],
  ])('%s %s: %i', async (method, path, status) => {
    const { url, token, accountId, namespaceId } = door.settings
    const address = `${url}/accounts/${accountId}/storage/kv/namespaces/${namespaceId}/${path}`
    const answer = await fetch(address, { method, headers: { Authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ success: false })
  })
})

describe('an API that has its moods', () => {
  /** Answers these statuses one after the other, then 200. */
  async function moody(statuses: readonly number[]) {
    const left = [...statuses]
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''}`)
      const status = left.shift() ?? 200
      if (status === 0) request.socket.destroy()
      else
        response
          .writeHead(status)
          .end(JSON.stringify({ success: status === 200, errors: [{ message: 'moody' }], result: [] }))
    })
    const port = await listenOn(server)
    onTestFinished(() => void server.close())
    const pauses: number[] = []
    const settings = { url: `http://127.0.0.1:${port}/v4`, accountId: 'acc', namespaceId: 'ns', token: 't' }
    const index = createKvRestTagIndex(settings, (ms) => {
      pauses.push(ms)
      return Promise.resolve()
    })
    return { index, seen, pauses }
  }

  test.each([
    ['a fault', [500]],
    ['two faults', [503, 502]],
    ['a lost connection', [0]],
    ['six times too busy', [429, 429, 429, 429, 429, 429]],
  ])('%s: tried again', async (_, statuses) => {
    const { index, seen, pauses } = await moody(statuses)
    await index.put(repository, tag, manifest)
    const path = `/v4/accounts/acc/storage/kv/namespaces/ns/values/tag%3Ateam%2Fapp%3Av1?expiration_ttl=86400`
    expect(seen).toEqual(Array<string>(statuses.length + 1).fill(`PUT ${path}`))
    expect(pauses).toHaveLength(statuses.length)
  })

  test('too busy is waited for longer than the five minutes that its limit lasts', async () => {
    const { index, pauses } = await moody([429, 429, 429, 429, 429, 429, 429])
    await expect(index.delete(repository, tag)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(300_000)
  })

  test.each([
    ['a refusal', [400], 'status 400, moody'],
    ['faults without end', [500, 500, 500, 500], 'status 500, moody'],
    ['no connection', [0, 0, 0, 0], 'TypeError: fetch failed'],
  ])('%s: given up', async (_, statuses, reason) => {
    const { index } = await moody(statuses)
    const want = { code: 'UNAVAILABLE', cause: { message: `Cannot PUT in KV: ${reason}` } }
    await expect(index.put(repository, tag, manifest)).rejects.toMatchObject(want)
  })

  test('a namespace that is not there: a write fails', async () => {
    const { index } = await moody([404])
    await expect(index.put(repository, tag, manifest)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
