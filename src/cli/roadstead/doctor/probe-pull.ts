import { need, ok, warn } from './finding.ts'
import { digestOf, MANIFEST_TYPE } from './image.ts'
import type { Answer } from './send.ts'
import { needStatus, type Trial } from './trial.ts'

const SAME_HEADERS = ['Content-Type', 'Content-Length', 'Docker-Content-Digest', 'ETag'] as const
const REWRITES = 'turn off what rewrites or compresses answers of /v2/ (Cloudflare: a Compression Rule without it)'

/** The manifest, by its digest and by its tag. */
export async function probePull(trial: Trial): Promise<void> {
  const { visit, ask, repository, image, tag } = trial
  const { bytes, digest } = image.manifest
  const path = (reference: string) => `/v2/${repository}/manifests/${reference}`
  const accept = { Accept: MANIFEST_TYPE }

  await visit.check('pull', async () => {
    for (const reference of [digest, tag]) {
      // As it is for clients that undo a compression; whether there is one is a check of its own.
      const answer = await ask(path(reference), { headers: accept })
      needStatus(answer, 200, `GET of the manifest at ${reference === tag ? 'its tag' : 'its digest'}`)
      const said = answer.headers.get('Docker-Content-Digest')
      need(said === digest, `Docker-Content-Digest of the manifest is ${said ?? 'not there'}, not ${digest}`, REWRITES)
      const plain = answer.headers.get('Content-Encoding') === null
      need(!plain || digestOf(answer.body) === digest, 'the manifest that is pulled has other bytes', REWRITES)
      const type = answer.headers.get('Content-Type')
      need(type === MANIFEST_TYPE, `the manifest has Content-Type ${type ?? 'none'}, not ${MANIFEST_TYPE}`, REWRITES)
    }
    return ok(`the manifest's ${bytes.length} bytes come back by tag and by digest`)
  })

  await visit.check('head', async () => {
    const get = await ask(path(digest), { headers: accept })
    const head = await ask(path(digest), { method: 'HEAD', headers: accept })
    needStatus(head, 200, 'HEAD of the manifest')
    for (const name of SAME_HEADERS) {
      const [one, other] = [head.headers.get(name), get.headers.get(name)]
      need(one === other, `HEAD says ${name}: ${one ?? 'none'}, GET ${other ?? 'none'}`, REWRITES)
    }
    const blob = await ask(`/v2/${repository}/blobs/${image.layer.digest}`, { method: 'HEAD' })
    needStatus(blob, 200, 'HEAD of a blob')
    const length = blob.headers.get('Content-Length')
    const size = String(image.layer.bytes.length)
    need(length === size, `HEAD says that a blob of ${size} bytes has ${length ?? 'no'} Content-Length`, REWRITES)
    return ok('HEAD says the same as GET')
  })

  await visit.check('compression', async () => {
    // What Go's clients send of themselves.
    const answer = await ask(path(digest), { headers: { ...accept, 'Accept-Encoding': 'gzip' } })
    const encoding = answer.headers.get('Content-Encoding')
    need(encoding === null, `manifests are sent with Content-Encoding: ${encoding ?? ''}`, REWRITES)
    return ok('manifests are sent as they are')
  })

  await probeCaching(trial, [
    await ask(path(digest), { headers: accept }),
    await ask(path(digest), { headers: accept }),
  ])
}

async function probeCaching({ visit, closed }: Trial, answers: readonly Answer[]): Promise<void> {
  await visit.check('cache', () => {
    const said = answers.flatMap(({ headers }) =>
      ['Cache-Control', 'CF-Cache-Status', 'Age'].flatMap((name) => {
        const value = headers.get(name)
        return value === null ? [] : [`${name}: ${value.slice(0, 100)}`]
      }),
    )
    const seen = said.length === 0 ? 'answers have no Cache-Control' : [...new Set(said)].join(', ')
    const shared = answers.some(
      ({ headers }) =>
        /\b(public|s-maxage)\b/i.test(headers.get('Cache-Control') ?? '') ||
        /^(HIT|STALE|UPDATING)$/i.test(headers.get('CF-Cache-Status') ?? '') ||
        Number(headers.get('Age') ?? 0) > 0,
    )
    const todo =
      'take out the cache rule for /v2/ of what is before the registry: it would give private images to everybody'
    need(!closed || !shared, `an answer that took a login may be kept by shared caches: ${seen}`, todo)
    return shared
      ? warn(`answers may be kept by shared caches: ${seen}`, 'tags then move late: do not cache /v2/')
      : ok(seen)
  })
}
