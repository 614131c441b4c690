import { expect } from 'vitest'

import { closing, digestOf, locationOf } from '../../suites/client.ts'
import type { MemoryRegistry } from '../../suites/registry-under-test.ts'
import { expectSound, outcomeOf, readAnswer, type Answer } from './answers.ts'
import { BLOBS, concat, MANIFESTS, missingOf, REPOSITORIES, TAGS } from './model.ts'
import type { Model, ModelManifest, ModelRepository, ModelUpload } from './model.ts'
import type { Step } from './step.ts'

type Of<Name extends Step['do']> = Extract<Step, { do: Name }>

/** Does it to the registry and to the model, and compares the outcomes. */
export async function take(step: Step, model: Model, registry: MemoryRegistry): Promise<void> {
  const client = clientOf(registry, JSON.stringify(step))
  switch (step.do) {
    case 'start':
      await start(step, model, client)
      return
    case 'chunk':
    case 'close':
    case 'status':
    case 'cancel': {
      const open = model.uploads.filter(({ state }) => state === 'open')
      const upload = open[step.upload % Math.max(open.length, 1)]
      if (upload !== undefined) await goOn(step, upload, model, client)
      return
    }
    case 'post':
    case 'mount':
    case 'deleteBlob':
      await changeBlob(step, model, client)
      return
    case 'push':
    case 'deleteManifest':
    case 'deleteTag':
      await changeManifest(step, model, client)
  }
}

interface Client {
  /** Asks, and checks what holds for every answer, and the outcome. */
  ask: (method: string, path: string, want: string, more?: RequestInit) => Promise<Answer>
}

function clientOf(registry: MemoryRegistry, step: string): Client {
  return {
    async ask(method, path, want, more = {}) {
      const answer = await readAnswer(await registry.fetch(path, { method, ...more }))
      expectSound(answer, method, step)
      expect(outcomeOf(answer), step).toBe(want)
      return answer
    },
  }
}

async function start({ repository }: Of<'start'>, model: Model, { ask }: Client): Promise<void> {
  const { headers } = await ask('POST', `/v2/${nameOf(repository)}/blobs/uploads/`, '202')
  const location = locationOf(new Response(null, { headers }))
  model.uploads.push({ repository, received: new Uint8Array(0), location, state: 'open' })
}

async function goOn(
  step: Of<'chunk' | 'close' | 'status' | 'cancel'>,
  upload: ModelUpload,
  model: Model,
  { ask }: Client,
): Promise<void> {
  switch (step.do) {
    case 'chunk': {
      const blob = blobOf(step.blob)
      const bytes = step.half ? blob.slice(Math.floor(blob.length / 2)) : blob
      if (bytes.length === 0) return
      const first = upload.received.length + (step.range === 'wrong' ? 1 : 0)
      const headers = step.range === null ? {} : { 'Content-Range': `${first}-${first + bytes.length - 1}` }
      const want = step.range === 'wrong' ? '416 RANGE_INVALID' : '202'
      const answer = await ask('PATCH', upload.location, want, { body: bytes as BodyInit, headers })
      upload.location = answer.headers.get('Location') ?? ''
      if (step.range !== 'wrong') upload.received = concat(upload.received, bytes)
      expect(answer.headers.get('Range')).toBe(rangeOf(upload.received))
      return
    }
    case 'close': {
      const rest = step.withRest ? blobOf(step.blob) : new Uint8Array(0)
      const all = concat(upload.received, rest)
      const digest = digestOf(step.right ? all : concat(all, rest.slice(0, 1)))
      const right = digest === digestOf(all)
      const more = rest.length === 0 ? {} : { body: rest as BodyInit }
      await ask('PUT', closing(upload.location, digest), right ? '201' : '400 DIGEST_INVALID', more)
      if (!right) return
      await ask('PUT', closing(upload.location, digest), '201', more) // its answer may have been lost
      repositoryOf(model, upload.repository).blobs.add(digest)
      upload.state = 'closed'
      return
    }
    case 'status': {
      const answer = await ask('GET', upload.location, '204')
      expect(answer.headers.get('Range')).toBe(rangeOf(upload.received))
      return
    }
    case 'cancel':
      await ask('DELETE', upload.location, '204')
      await ask('GET', upload.location, '404 BLOB_UPLOAD_UNKNOWN')
      upload.state = 'cancelled'
  }
}

async function changeBlob(step: Of<'post' | 'mount' | 'deleteBlob'>, model: Model, { ask }: Client): Promise<void> {
  const blob = blobOf(step.blob)
  const digest = digestOf(blob)
  const { blobs } = repositoryOf(model, step.repository)
  const path = `/v2/${nameOf(step.repository)}/blobs`
  switch (step.do) {
    case 'post': {
      const named = step.right ? digest : digestOf(concat(blob, blob.slice(0, 1)))
      const want = named === digest ? '201' : '400 DIGEST_INVALID'
      await ask('POST', `${path}/uploads/?digest=${named}`, want, { body: blob as BodyInit })
      if (named === digest) blobs.add(digest)
      return
    }
    case 'mount': {
      const there = repositoryOf(model, step.from).blobs.has(digest)
      await ask('POST', `${path}/uploads/?mount=${digest}&from=${nameOf(step.from)}`, there ? '201' : '202')
      if (there) blobs.add(digest)
      return
    }
    case 'deleteBlob':
      await ask('DELETE', `${path}/${digest}`, blobs.delete(digest) ? '202' : '404 BLOB_UNKNOWN')
  }
}

async function changeManifest(
  step: Of<'push' | 'deleteManifest' | 'deleteTag'>,
  model: Model,
  { ask }: Client,
): Promise<void> {
  const repository = repositoryOf(model, step.repository)
  const name = nameOf(step.repository)
  switch (step.do) {
    case 'push': {
      const manifest = manifestOf(step.manifest)
      const missing = missingOf(repository, manifest)
      const tag = step.tag === null ? null : (TAGS[step.tag] ?? null)
      const headers = { 'Content-Type': manifest.mediaType, 'Content-Length': String(manifest.text.length) }
      const want = missing === 0 ? '201' : `400${' MANIFEST_BLOB_UNKNOWN'.repeat(missing)}`
      await ask('PUT', `/v2/${name}/manifests/${tag ?? manifest.digest}`, want, { headers, body: manifest.text })
      if (missing > 0) return
      repository.known = true
      repository.manifests.set(manifest.digest, manifest)
      if (tag !== null) repository.tags.set(tag, manifest.digest)
      return
    }
    case 'deleteManifest': {
      const { digest } = manifestOf(step.manifest)
      const was = repository.manifests.delete(digest)
      await ask('DELETE', `/v2/${name}/manifests/${digest}`, was ? '202' : '404 MANIFEST_UNKNOWN')
      for (const [tag, at] of repository.tags) if (at === digest) repository.tags.delete(tag)
      return
    }
    case 'deleteTag': {
      const tag = TAGS[step.tag] ?? ''
      const was = repository.tags.delete(tag)
      await ask('DELETE', `/v2/${name}/manifests/${tag}`, was ? '202' : '404 MANIFEST_UNKNOWN')
    }
  }
}

function nameOf(repository: number): string {
  return REPOSITORIES[repository] ?? ''
}

function repositoryOf({ repositories }: Model, index: number): ModelRepository {
  const found = repositories[index]
  if (found === undefined) throw new Error(`there is no repository ${index}`)
  return found
}

function manifestOf(index: number): ModelManifest {
  const found = MANIFESTS[index]
  if (found === undefined) throw new Error(`there is no manifest ${index}`)
  return found
}

function blobOf(index: number): Uint8Array {
  return BLOBS[index] ?? new Uint8Array(0)
}

function rangeOf(received: Uint8Array): string {
  return `0-${Math.max(received.length - 1, 0)}`
}
