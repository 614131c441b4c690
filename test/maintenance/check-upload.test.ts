import { expect, test } from 'vitest'

import { UPLOAD_TTL_SECONDS } from '../../src/registry/upload-session.ts'
import type { StoredObject } from '../../src/storage/object-store.ts'
import { bytesOf, locationOf, startUpload } from '../suites/client.ts'
import { createMemoryRegistry } from '../suites/registry-under-test.ts'
import { findingsOf } from './support/found.ts'

const EMPTY = { bytes: new Uint8Array(0), size: 0, contentType: '', metadata: {}, lastModified: new Date() }

test('chunks of an upload can be removed once no URL to continue it is valid, and not before', async () => {
  const registry = createMemoryRegistry()
  for (const patches of [1, 2]) {
    let location = await startUpload(registry, 'app')
    for (let patch = 0; patch < patches; patch++)
      location = locationOf(await registry.fetch(location, { method: 'PATCH', body: bytesOf(5) }))
  }
  const chunks = async (hours: number) => {
    const now = () => new Date(Date.now() + hours * 3_600_000)
    return (await findingsOf(registry.objects, { now })).map(({ repair }) => repair !== undefined)
  }
  const hours = (2 * UPLOAD_TTL_SECONDS) / 3600
  expect(await chunks(hours - 0.1)).toEqual([false, false, false])
  expect(await chunks(hours + 0.1)).toEqual([true, true, true])

  const late = { now: () => new Date(Date.now() + (hours + 1) * 3_600_000) }
  for (const { repair } of await findingsOf(registry.objects, late)) await repair?.()
  expect(await registry.keys()).toEqual([])
})

test('an old chunk stays while its upload is continued', async () => {
  const objects = new Map<string, StoredObject>()
  const registry = createMemoryRegistry({ objects })
  const old = { ...EMPTY, lastModified: new Date(Date.now() - 3 * UPLOAD_TTL_SECONDS * 1000) }
  objects.set(`uploads/s/${'0'.repeat(16)}-n`, old)
  objects.set(`uploads/s/${'0'.repeat(15)}5-n`, EMPTY)
  objects.set(`uploads/t/${'0'.repeat(16)}-n`, old)
  const findings = await findingsOf(registry.objects)
  expect(findings.map(({ key, repair }) => [key.slice(0, 9), repair !== undefined])).toEqual([
    ['uploads/s', false],
    ['uploads/s', false],
    ['uploads/t', true],
  ])
})
