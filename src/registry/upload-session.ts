import { decodeBase64Url, encodeBase64Url } from '../oci/base64.ts'
import { RegistryError } from '../oci/errors.ts'
import { parseRepositoryName, type RepositoryName } from '../oci/repository.ts'

/** An upload that nobody has continued for so long is forgotten; its bytes go by the bucket's lifecycle rule. */
export const UPLOAD_TTL_SECONDS = 24 * 60 * 60

/**
 * All that the registry remembers of an unfinished upload. It travels in the `Location` that the client is given,
 * signed: whoever has the URL may go on with the upload, on any host that shares the key.
 */
export interface UploadSession {
  /** A UUID. */
  readonly id: string
  readonly repository: RepositoryName
  /** Bytes received so far, as far as this `Location` knows. */
  readonly offset: number
  /** The object that holds all bytes so far, with its sha256, if one request sent them all; else `null`. */
  readonly whole: { readonly key: string; readonly hex: string } | null
}

/** Makes and checks the tokens; keep one an isolate. */
export interface UploadSessions {
  sign(session: UploadSession, now: Date): Promise<string>
  /** @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN` for a token that is not ours, altered or expired */
  verify(token: string, now: Date): Promise<UploadSession>
}

/**
 * @param secrets texts that only the registry's own hosts know: the first signs, all of them verify, so that a secret can
 *   be replaced without ending the uploads under way
 */
export function createUploadSessions(secrets: readonly string[]): UploadSessions {
  let imported: Promise<readonly CryptoKey[]> | null = null
  const keys = () => (imported ??= Promise.all(secrets.map(importKey)))

  async function isSigned(payload: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<boolean> {
    for (const key of await keys()) if (await crypto.subtle.verify('HMAC', key, signature, payload)) return true
    return false
  }

  return {
    async sign(session, now) {
      const expires = Math.floor(now.getTime() / 1000) + UPLOAD_TTL_SECONDS
      const { id, repository, offset, whole } = session
      const payload = new TextEncoder().encode(
        JSON.stringify([id, repository, offset, whole?.key, whole?.hex, expires]),
      )
      const [key] = await keys()
      if (key === undefined) throw new Error('Cannot sign uploads: there is no secret')
      const signature = await crypto.subtle.sign('HMAC', key, payload)
      return `${encodeBase64Url(payload)}.${encodeBase64Url(new Uint8Array(signature))}`
    },

    async verify(token, now) {
      const [payload, signature, ...more] = token.split('.').map(decodeBase64Url)
      if (more.length > 0 || !payload || !signature || !(await isSigned(payload, signature)))
        throw unknown('not an upload of this registry')
      const [id, repository, offset, wholeKey, wholeHex, expires] = JSON.parse(
        new TextDecoder().decode(payload),
      ) as unknown[]
      if (Number(expires) * 1000 < now.getTime()) throw unknown('the upload has expired')
      return {
        id: String(id),
        repository: parseRepositoryName(String(repository)),
        offset: Number(offset),
        whole: typeof wholeKey === 'string' ? { key: wholeKey, hex: String(wholeHex) } : null,
      }
    },
  }
}

/** Derived, so that this use of the secret reveals nothing about its others. */
async function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const root = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
  const derived = await crypto.subtle.sign('HMAC', root, new TextEncoder().encode('roadstead upload sessions 1'))
  return crypto.subtle.importKey('raw', derived, algorithm, false, ['sign', 'verify'])
}

function unknown(detail: string): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail })
}
