/** RFC 4648 by its own picture of it, bit by bit: slow, and written without the functions that the registry uses. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** base64url, without padding. */
export function encodeSlowly(bytes: Uint8Array): string {
  const sextets = bitsOf(bytes).match(/.{1,6}/g) ?? []
  return sextets.map((bits) => ALPHABET[Number.parseInt(bits.padEnd(6, '0'), 2)]).join('')
}

/** The bits that a base64url text carries: those of its last character that make no whole byte are not among them. */
export function decodeSlowly(text: string): string {
  const bits = text
    .split('')
    .map((sign) => ALPHABET.indexOf(sign).toString(2).padStart(6, '0'))
    .join('')
  return bits.slice(0, bits.length - (bits.length % 8))
}

export function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
