import type { ObjectStore } from './object-store.ts'

/**
 * A record of the schema; `null` if there is none.
 *
 * @throws {Error} for one that `parse` refuses: nothing that a client has sent, so no refusal of its request
 */
export async function readJson<T>(objects: ObjectStore, key: string, parse: (value: unknown) => T): Promise<T | null> {
  const found = await objects.get(key)
  if (found === null) return null
  try {
    return parse(JSON.parse(new TextDecoder().decode(found.bytes)))
  } catch (cause) {
    throw new Error(`Cannot read "${key}": it is no such record`, { cause })
  }
}

export async function writeJson(objects: ObjectStore, key: string, value: unknown): Promise<void> {
  await objects.put(key, new TextEncoder().encode(JSON.stringify(value)), { contentType: 'application/json' })
}
