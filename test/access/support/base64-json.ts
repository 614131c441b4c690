import { decodeBase64Url, encodeBase64Url } from '../../../src/oci/base64.ts'

/** A value as a part of a token. */
export function encodeJson(value: unknown): string {
  return encodeBase64Url(new TextEncoder().encode(JSON.stringify(value)))
}

export function decodeJson(part = ''): unknown {
  return JSON.parse(new TextDecoder().decode(decodeBase64Url(part) ?? new Uint8Array(0)))
}
