import { closing, digestOf, locationOf, type TestManifest } from '../test/suites/client.ts'

type Body = Uint8Array<ArrayBuffer>

/** One client of the registry at `url`, who throws at any answer but the one that is wanted. */
export class Operations {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  /** @param headers sent with every request */
  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url
    this.#headers = headers
  }

  async send(want: number, path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    for (const [name, value] of Object.entries(this.#headers)) headers.set(name, value)
    const response = await fetch(this.#url + path, { redirect: 'manual', ...init, headers })
    if (response.status !== want) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    await response.arrayBuffer()
    return response
  }

  async startUpload(repository: string): Promise<string> {
    return locationOf(await this.send(202, `/v2/${repository}/blobs/uploads/`, { method: 'POST' }))
  }

  /** As containerd, BuildKit and oras push. */
  async pushByPut(repository: string, bytes: Body): Promise<void> {
    const location = await this.startUpload(repository)
    await this.send(201, closing(location, digestOf(bytes)), { method: 'PUT', body: bytes })
  }

  /** As docker, podman and skopeo push: the length is not said. */
  async pushByPatch(repository: string, bytes: Body): Promise<void> {
    const location = await this.startUpload(repository)
    const patched = await this.send(202, location, {
      method: 'PATCH',
      body: new Blob([bytes]).stream(),
      duplex: 'half',
    })
    await this.send(201, closing(locationOf(patched), digestOf(bytes)), { method: 'PUT' })
  }

  async pushInChunks(repository: string, chunks: Body[]): Promise<void> {
    let location = await this.startUpload(repository)
    let offset = 0
    for (const body of chunks) {
      const headers = { 'Content-Range': `${offset}-${offset + body.length - 1}` }
      location = locationOf(await this.send(202, location, { method: 'PATCH', body, headers }))
      offset += body.length
    }
    const whole = new Uint8Array(await new Blob(chunks).arrayBuffer())
    await this.send(201, closing(location, digestOf(whole)), { method: 'PUT' })
  }

  async headBlob(repository: string, bytes: Body): Promise<void> {
    await this.send(200, `/v2/${repository}/blobs/${digestOf(bytes)}`, { method: 'HEAD' })
  }

  async putManifest(repository: string, reference: string, { text, mediaType }: TestManifest): Promise<void> {
    const headers = { 'Content-Type': mediaType }
    await this.send(201, `/v2/${repository}/manifests/${reference}`, { method: 'PUT', body: text, headers })
  }
}
