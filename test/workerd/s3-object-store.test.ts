import { describe, expect, test } from 'vitest'

import { createS3ObjectStore } from '../../src/storage/s3/s3-object-store.ts'
import { describeObjectStore } from '../contract/object-store.ts'
import { S3, STORAGES } from './settings.ts'

test('these tests run in workerd', () => {
  expect(navigator.userAgent).toBe('Cloudflare-Workers')
})

for (const [name, settings] of STORAGES)
  describe.skipIf(settings === null)(name, () => {
    describeObjectStore('S3 in workerd', {
      open: (limits = {}) => Promise.resolve(createS3ObjectStore(settings ?? S3, limits)),
      reachable: true,
    })
  })

// The SDK's browser build parses XML with DOMParser, which workerd does not have: another parser stands in for it.
test.for(STORAGES)(
  'XML answers of %s are parsed: listings, copies, uploads and errors',
  async ([, settings], { skip }) => {
    skip(settings === null, 'it is not on this machine')
    expect('DOMParser' in globalThis).toBe(false)
    const store = createS3ObjectStore(settings ?? S3, { copyBytes: 5 * 2 ** 20 })
    const folder = `xml/${crypto.randomUUID()}/`
    const names = ['a&amp;b', 'a&b<c>"d\'', 'é']
    for (const name of names) await store.put(folder + name, new Uint8Array([1, 2, 3]))

    const listed = await store.list(folder, { limit: 2 })
    expect(listed).toEqual({ objects: names.slice(0, 2).map((name) => ({ key: folder + name, size: 3 })), more: true })
    const rest = await store.list(folder, { after: names[1] ?? '', limit: 2 })
    expect(rest).toEqual({ objects: [{ key: `${folder}é`, size: 3 }], more: false })

    expect(await store.copy(`${folder}é`, `${folder}copy`, 3)).toBe(true)
    const upload = await store.startMultipart(`${folder}large`)
    await upload.putPart(new Uint8Array(5 * 2 ** 20))
    await upload.putPart(new Uint8Array(1))
    await upload.complete()
    expect(await store.copy(`${folder}large`, `${folder}copy`, 5 * 2 ** 20 + 1)).toBe(true) // an ETag in each part's answer
    expect(await store.head(`${folder}copy`)).toMatchObject({ size: 5 * 2 ** 20 + 1 })
    expect(await store.get(`${folder}absent`)).toBeNull() // told from other errors by the code in the answer
  },
)
