import { describe, expect, test } from 'vitest'

import { PRESIGN_EXPIRY_SECONDS, PRESIGN_WINDOW_SECONDS, presignWindowStart } from '../../src/storage/object-store.ts'
import { bytesOf, ownFolder, type ObjectStoreContract } from './support/objects.ts'

/** Part of `describeObjectStore`. */
export function describePresignedUrls(open: ObjectStoreContract['open'], reachable: boolean): void {
  describe('a presigned URL', () => {
    const START = presignWindowStart(new Date('2026-10-01T12:34:56.789Z')).getTime()
    const WINDOW_MS = PRESIGN_WINDOW_SECONDS * 1000

    test.each([
      ['at the same moment', true, 0],
      ['at the end of the window', true, WINDOW_MS - 1],
      ['in the next window', false, WINDOW_MS],
      ['at the end of the window before', false, -1],
    ])('%s is the same: %s', async (_, same, laterMs) => {
      const [store, key] = [await open(), `${ownFolder()}object`]
      const first = await store.presignGet(key, new Date(START))
      const second = await store.presignGet(key, new Date(START + laterMs))
      expect(second.href === first.href).toBe(same)
    })

    test('is another for another key', async () => {
      const [store, folder] = [await open(), ownFolder()]
      const [a, b] = [
        await store.presignGet(`${folder}a`, new Date(START)),
        await store.presignGet(`${folder}b`, new Date(START)),
      ]
      expect(a.href).not.toBe(b.href)
    })

    test('gives the bytes, and any range of them, to whoever has it', async ({ skip }) => {
      skip(!reachable, 'nothing answers there')
      const [store, key] = [await open(), `${ownFolder()}object`]
      await store.put(key, bytesOf(1000))
      const url = await store.presignGet(key, new Date())

      const whole = await fetch(url)
      expect(whole.status).toBe(200)
      expect(whole.headers.get('Content-Length')).toBe('1000')
      expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytesOf(1000))

      const ranged = await fetch(url, { headers: { Range: 'bytes=10-19' } })
      expect(ranged.status).toBe(206)
      expect(ranged.headers.get('Content-Range')).toBe('bytes 10-19/1000')
      expect(new Uint8Array(await ranged.arrayBuffer())).toEqual(bytesOf(1000).subarray(10, 20))
    })

    test('expires', async ({ skip }) => {
      skip(!reachable, 'nothing answers there')
      const [store, key] = [await open(), `${ownFolder()}object`]
      await store.put(key, bytesOf(10))
      const url = await store.presignGet(key, new Date(Date.now() - PRESIGN_EXPIRY_SECONDS * 1000 - 1000))
      const response = await fetch(url)
      expect(response.status).toBe(403)
      expect(await response.text()).not.toContain(String.fromCharCode(...bytesOf(10)))
    })
  })
}
