import * as z from 'zod'

import { currentRequest } from '../log.ts'
import { RegistryError } from '../oci/errors.ts'
import { readJson, writeJson } from './json-object.ts'
import { SCHEMA_KEY } from './keys.ts'
import type { ObjectStore } from './object-store.ts'

/** Of docs/storage-schema.md. It rises when an older release would misread, or spoil, what a newer one writes. */
export const SCHEMA_VERSION = 1

/** The storage was written by a release that this one does not understand. */
export class NewerSchema extends RegistryError {
  constructor(version: number) {
    const message = `the storage has schema ${version}, and this release of Roadstead knows up to ${SCHEMA_VERSION}: upgrade it`
    super('UNAVAILABLE', { message, detail: { schema: version, known: SCHEMA_VERSION } })
  }
}

const Marker = z.object({ version: z.int().positive() })

/**
 * The same store, which before anything else reads the schema's version from it, once: of a newer one nothing is read and
 * nothing is written. Before the first write the version is noted, if it was not. One read for each isolate.
 *
 * @returns each method throws {RegistryError} `UNAVAILABLE` for a newer schema
 */
export function checkingSchema(objects: ObjectStore): ObjectStore {
  let checked = false
  let noted = false
  /** By the request that asked: the platform lets none wait for another one's I/O. */
  const reading = new WeakMap<object, Promise<unknown>>()

  /** Whether it is noted. */
  async function read(): Promise<boolean> {
    const marker = await readJson(objects, SCHEMA_KEY, (value) => Marker.parse(value))
    if (marker !== null && marker.version > SCHEMA_VERSION) throw new NewerSchema(marker.version)
    checked = true
    noted = marker !== null
    return noted
  }

  function toRead(): Promise<unknown> {
    if (checked) return Promise.resolve()
    const request = currentRequest()
    if (request === undefined) return read()
    const under = reading.get(request) ?? read()
    reading.set(request, under)
    return under
  }

  async function toWrite(): Promise<void> {
    await toRead()
    // It may be long since it was not there, and a newer release may have noted its own.
    if (noted || (await read())) return
    await writeJson(objects, SCHEMA_KEY, { version: SCHEMA_VERSION })
    noted = true
  }

  return {
    features: objects.features,
    limits: objects.limits,
    head: (key) => toRead().then(() => objects.head(key)),
    get: (key) => toRead().then(() => objects.get(key)),
    open: (key) => toRead().then(() => objects.open(key)),
    list: (prefix, page) => toRead().then(() => objects.list(prefix, page)),
    put: (key, bytes, attributes) => toWrite().then(() => objects.put(key, bytes, attributes)),
    putStream: (key, body, size, sha256) => toWrite().then(() => objects.putStream(key, body, size, sha256)),
    startMultipart: (key) => toWrite().then(() => objects.startMultipart(key)),
    copy: (from, to, size) => toWrite().then(() => objects.copy(from, to, size)),
    delete: (key) => toWrite().then(() => objects.delete(key)),
    presignGet: (key, now) => objects.presignGet(key, now),
  }
}
