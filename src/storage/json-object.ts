import type { ObjectStore } from './object-store.ts'

/** A record of the schema; `null` if there is none. */
export async function readJson(objects: ObjectStore, key: string): Promise<unknown> {
  const found = await objects.get(key)
  return found === null ? null : JSON.parse(new TextDecoder().decode(found.bytes))
}

export async function writeJson(objects: ObjectStore, key: string, value: unknown): Promise<void> {
  await objects.put(key, new TextEncoder().encode(JSON.stringify(value)), { contentType: 'application/json' })
}
