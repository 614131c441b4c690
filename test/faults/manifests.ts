import { imageOf, type TestManifest } from '../suites/client.ts'
import type { MemoryRegistry } from '../suites/registry-under-test.ts'
import { Misbehaviour } from './client.ts'
import { expectAbsent, pullManifest } from './observer.ts'
import { CONFIG, LAYER, type Operation } from './scenario.ts'

/** An image over the blobs that the repository `app` has; each name makes another one. */
export function imageNamed(name: string, more: Record<string, unknown> = {}): TestManifest {
  return imageOf(CONFIG, [LAYER], { annotations: { name }, ...more })
}

interface Push {
  readonly repository?: string
  readonly manifest: TestManifest
  /** A tag, or the manifest's digest if none is given. */
  readonly tag?: string
  /** Those in `?tag=`. */
  readonly moreTags?: readonly string[]
  /** Looked for in the listing of what refers to it. */
  readonly subject?: TestManifest
}

export function push({ repository = 'app', manifest, tag, moreTags = [], subject }: Push): Operation {
  const reference = tag ?? manifest.digest
  const query = moreTags.map((name) => `tag=${name}`).join('&')
  const path = `/v2/${repository}/manifests/${reference}${query && '?'}${query}`
  const tags = [...new Set([...(tag === undefined ? [] : [tag]), ...moreTags])]
  return {
    async run(client) {
      const body = new TextEncoder().encode(manifest.text)
      await client.send({ method: 'PUT', path, body, headers: { 'Content-Type': manifest.mediaType } }, 201)
    },
    async promised(registry) {
      for (const name of [manifest.digest, ...tags]) await pullManifest(registry, repository, name, [manifest])
      const listed = await listOf(registry, `/v2/${repository}/tags/list`, 'tags')
      const lacking = tags.filter((name) => !listed.includes(name))
      if (lacking.length > 0) throw new Misbehaviour(`the list of tags lacks ${lacking.join(', ')}`)
      if (!(await listOf(registry, '/v2/_catalog', 'repositories')).includes(repository))
        throw new Misbehaviour(`the catalog lacks ${repository}`)
      if (subject === undefined) return
      const referrers = await listOf(registry, `/v2/${repository}/referrers/${subject.digest}`, 'manifests')
      if (!referrers.some((found) => (found as { digest: string }).digest === manifest.digest))
        throw new Misbehaviour('the manifest is not among the referrers')
    },
  }
}

/** A push that must be refused, since it names what is not there. */
export function refusedPush(manifest: TestManifest, tag: string): Operation {
  return {
    run: (client, again) => push({ manifest, tag }).run(client, again),
    async promised(registry) {
      for (const name of [manifest.digest, tag]) await expectAbsent(registry, `/v2/app/manifests/${name}`)
    },
    refusal: '400 MANIFEST_BLOB_UNKNOWN',
  }
}

/**
 * @param path of what is deleted
 * @param gone paths that must be 404 afterwards
 */
export function remove(path: string, gone: readonly string[]): Operation {
  return {
    async run(client, again) {
      await client.send({ method: 'DELETE', path }, 202, ...(again ? [404] : []))
    },
    async promised(registry) {
      for (const absent of gone) await expectAbsent(registry, absent)
    },
  }
}

/** A pull, which must have exactly these bytes. */
export function pull(reference: string, manifest: TestManifest): Operation {
  return {
    async run(client) {
      const response = await client.send({ method: 'GET', path: `/v2/app/manifests/${reference}` }, 200)
      if ((await response.text()) !== manifest.text) throw new Misbehaviour('another manifest was pulled')
    },
    promised: (registry) => pullManifest(registry, 'app', reference, [manifest]),
  }
}

async function listOf(registry: MemoryRegistry, path: string, field: string): Promise<unknown[]> {
  const response = await registry.fetch(path)
  return (await response.json<Record<string, unknown[] | undefined>>())[field] ?? []
}
