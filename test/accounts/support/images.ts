import { digestOf } from '../../../src/oci/digest.ts'
import type { AccountRegistry, Login } from '../../suites/account-registry.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** The digests of an image that was pushed. */
export interface PushedImage {
  readonly manifest: string
  readonly layer: string
}

/** Pushes an image of one layer as a client does, and answers its digests. @throws when any of it is refused */
export async function pushImage(
  registry: AccountRegistry,
  login: Login,
  repository: string,
  tag: string,
  layerText = 'a layer',
): Promise<PushedImage> {
  const scopes = [`repository:${repository}:pull,push`]
  async function put(path: string, method: string, text: string, type = 'application/octet-stream') {
    const body = new TextEncoder().encode(text)
    const init = { method, body, headers: { 'Content-Type': type, 'Content-Length': String(body.length) } }
    const response = await registry.as(login, scopes, path, init)
    if (response.status !== 201) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  }
  const blob = async (text: string) => {
    const bytes = new TextEncoder().encode(text)
    const digest = digestOf(bytes)
    await put(`/v2/${repository}/blobs/uploads/?digest=${digest}`, 'POST', text)
    return { digest, size: bytes.length }
  }
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await blob('{}')) }
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...(await blob(layerText)) }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] })
  await put(`/v2/${repository}/manifests/${tag}`, 'PUT', manifest, MANIFEST)
  return { manifest: digestOf(new TextEncoder().encode(manifest)), layer: layer.digest }
}
