import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * A token of a person or of an organisation's robot, as its owner keeps it:
 *
 *     rdstp_<16: the record's id><32: the secret><6: checksum>
 *
 * in letters and digits. It has 190 random bits, so one fast hash keeps it. The prefix and the checksum, made from all
 * before it, let secret scanners tell it from any other text, and us refuse a torn one without asking storage.
 */
export type TokenKind = 'personal' | 'robot' | 'refresh'

const PREFIXES: Readonly<Record<TokenKind, string>> = { personal: 'rdstp_', robot: 'rdstr_', refresh: 'rdstf_' }
const KINDS = Object.keys(PREFIXES) as TokenKind[]

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ID_LENGTH = 16
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const PREFIX_LENGTH = 6

export interface TokenText {
  readonly kind: TokenKind
  /** The key of its record: no secret. */
  readonly id: string
  readonly text: string
}

export function createToken(kind: 'personal' | 'robot'): TokenText {
  const id = randomText(ID_LENGTH)
  return { kind, id, text: withChecksum(PREFIXES[kind] + id + randomText(SECRET_LENGTH)) }
}

/** `null` for a text that is no token, or was not copied whole. */
export function parseToken(text: string): TokenText | null {
  const kind = KINDS.find((known) => text.startsWith(PREFIXES[known]))
  const body = text.slice(0, -CHECKSUM_LENGTH)
  if (kind === undefined || !/^[0-9A-Za-z]{54}$/.test(text.slice(PREFIX_LENGTH)) || withChecksum(body) !== text)
    return null
  return { kind, id: text.slice(PREFIX_LENGTH, PREFIX_LENGTH + ID_LENGTH), text }
}

/**
 * The refresh token that docker keeps in place of the token it has logged in with. It is derived, so it needs no record
 * of its own and ends with the token; it cannot be turned back, so what docker keeps opens nothing but the token endpoint.
 */
export function refreshTokenOf({ id, text }: TokenText): TokenText {
  const secret = toBase62(sha256(`roadstead refresh token 1\n${text}`), SECRET_LENGTH)
  return { kind: 'refresh', id, text: withChecksum(PREFIXES.refresh + id + secret) }
}

/** What is stored of a secret, in lowercase hex. */
export function hashOf(secret: string): string {
  return sha256(secret).toString('hex')
}

/** In a time that does not depend on where the two differ. */
export function hasHash(secret: string, hash: string): boolean {
  return timingSafeEqual(sha256(hashOf(secret)), sha256(hash))
}

function withChecksum(body: string): string {
  return body + toBase62(sha256(body), CHECKSUM_LENGTH)
}

function randomText(length: number): string {
  // A byte among the largest would make some letters likelier than others.
  const fair = 256 - (256 % ALPHABET.length)
  let text = ''
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * length)))
      if (byte < fair && text.length < length) text += ALPHABET.charAt(byte % ALPHABET.length)
  }
  return text
}

/** The lowest digits of a number that the bytes write. */
function toBase62(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  while (text.length < length) {
    text += ALPHABET.charAt(Number(rest % 62n))
    rest /= 62n
  }
  return text
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
