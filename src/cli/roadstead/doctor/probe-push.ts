import { need, ok, warn } from './finding.ts'
import { contentOf, digestOf, MANIFEST_TYPE, type Content } from './image.ts'
import { SET_PUBLIC_ORIGIN } from './probe-base.ts'
import { NoAnswer } from './send.ts'
import { codeIn, needStatus, putBlob, startUpload, statusOf, type Trial } from './trial.ts'

const MIB = 2 ** 20
/** More than some proxies let through unless told otherwise: nginx takes 1 MiB. */
const ORDINARY_MIB = 2
/** More than Cloudflare lets through on most plans. */
const LARGE_MIB = 101
const LARGE_PATIENCE = 60

/** @returns whether there is an image to pull now */
export async function probePush(trial: Trial): Promise<boolean> {
  const { visit, image, repository } = trial
  const begun = await visit.check('upload-location', async () => {
    const location = await startUpload(trial)
    need(
      location.origin === visit.registry.origin,
      `an upload is to go on at ${location.origin}, not at ${visit.registry.origin}`,
      SET_PUBLIC_ORIGIN(visit.registry),
    )
    return ok('uploads go on at the same origin')
  })
  const pushed = await visit.check('push', async () => {
    for (const { bytes, digest } of [image.layer, image.config])
      needStatus(await putBlob(trial, bytes, digest), 201, `a blob of ${bytes.length} bytes`)
    await pushManifest(trial, image.manifest)
    return ok(`an image is pushed to ${repository}`)
  })
  if (begun || pushed) await probeWrongDigest(trial)
  return pushed
}

/** @throws {Broken} unless it is taken */
export async function pushManifest({ ask, repository, tag, manifests }: Trial, manifest: Content): Promise<void> {
  manifests.add(manifest.digest)
  const headers = { 'Content-Type': MANIFEST_TYPE }
  const body = manifest.bytes
  const answer = await ask(`/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body })
  needStatus(answer, 201, 'a manifest')
  const digest = answer.headers.get('Docker-Content-Digest')
  need(
    digest === manifest.digest,
    `the pushed manifest has become ${digest ?? 'something without a digest'}`,
    'see which proxy changes bodies or headers',
  )
}

async function probeWrongDigest(trial: Trial): Promise<void> {
  await trial.visit.check('wrong-digest', async () => {
    const { bytes } = contentOf(new Uint8Array(100).fill(7))
    const answer = await putBlob(trial, bytes, digestOf(new Uint8Array(0)))
    need(
      answer.status === 400 && codeIn(answer) === 'DIGEST_INVALID',
      `bytes of another digest are answered ${statusOf(answer)}, not 400 DIGEST_INVALID`,
      answer.status < 400 ? 'push nothing there: what is stored may be something else' : 'see the log of the registry',
    )
    return ok('bytes of another digest are refused')
  })
}

/**
 * Whether bodies of that size get through. They are sent under a wrong digest, so that nothing is stored.
 *
 * @param large whether to try what Cloudflare may refuse
 */
export async function probeBodyLimit(trial: Trial, large: boolean, isCloudflare: boolean): Promise<void> {
  const { check } = trial.visit
  const passed = await check('body-limit', async () => {
    const answer = await send(trial, ORDINARY_MIB)
    const todo =
      'raise the limit of what is before the registry: with nginx, client_max_body_size 0 and proxy_request_buffering off'
    need(answer !== null && answer !== 413, `a layer of ${ORDINARY_MIB} MiB is refused (${answer ?? 'cut off'})`, todo)
    const known = isCloudflare
      ? '; Cloudflare takes up to 100 MB in one request on Free and Pro, 200 MB on Business (--large tries 101 MiB)'
      : ' (--large tries 101 MiB)'
    return ok(`${ORDINARY_MIB} MiB in one request get through${large ? '' : known}`)
  })
  if (!large || !passed) return
  await check('large-body', async () => {
    const answer = await send(trial, LARGE_MIB, LARGE_PATIENCE)
    if (answer !== null && answer !== 413) return ok(`${LARGE_MIB} MiB in one request get through`)
    return warn(
      `${LARGE_MIB} MiB in one request are refused (${answer ?? 'the connection is cut'})`,
      'docker and podman cannot push layers above the limit there: make layers smaller, push with a client that sends chunks (regctl), or take a plan with a higher limit',
    )
  })
}

/** @returns the status; `null` when the connection was cut before an answer */
async function send(trial: Trial, mib: number, patience = 1): Promise<number | null> {
  const answer = await putBlob(trial, new Uint8Array(mib * MIB), digestOf(new Uint8Array(0)), patience).catch(
    (error: unknown) => {
      if (error instanceof NoAnswer && /ECONNRESET|EPIPE|socket hang up/.test(error.message)) return null
      throw error
    },
  )
  if (answer === null || answer.status === 413) return answer?.status ?? null
  need(
    answer.status === 400 && codeIn(answer) === 'DIGEST_INVALID',
    `${mib} MiB in one request are answered ${statusOf(answer)}`,
    'see the log of the registry: a Worker that runs out of CPU time or memory answers 503',
  )
  return answer.status
}
