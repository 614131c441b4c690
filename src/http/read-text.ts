import { RegistryError } from '../oci/errors.ts'

/**
 * The whole body of a small request.
 *
 * @throws {RegistryError} `SIZE_INVALID` (413) above `most` bytes, without reading on; `REQUEST_INVALID` when it breaks off
 *   or is no UTF-8
 */
export async function readText({ body, headers }: Request, most: number): Promise<string> {
  const tooLarge = new RegistryError('SIZE_INVALID', { status: 413, detail: { largest: most } })
  if (Number(headers.get('Content-Length') ?? 0) > most) throw tooLarge
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let text = ''
  let size = 0
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      if (size > most) throw tooLarge
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  } catch (cause) {
    if (cause === tooLarge) throw cause
    throw new RegistryError('REQUEST_INVALID', { detail: 'the body broke off, or is not UTF-8', cause })
  }
}
