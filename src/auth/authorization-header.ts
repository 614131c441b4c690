/** What a client sends to say who it is. */
export type Authorization =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic'; readonly login: Login }
  | { readonly scheme: 'bearer'; readonly token: string }
  /** Something that we do not understand: a refusal is due, as for a wrong login. */
  | { readonly scheme: 'other' }

export interface Login {
  readonly username: string
  readonly password: string
}

/** More than the longest token of our own: for as many scopes as one may be for, from a token with as many of its own. */
const MAX_LENGTH = 48 * 1024
const OTHER = { scheme: 'other' } as const

/** https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2 */
export function parseAuthorization(headers: Headers): Authorization {
  const header = headers.get('Authorization')
  if (header === null) return { scheme: 'none' }
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+)$/.exec(header.slice(0, MAX_LENGTH + 1).trim()) ?? []
  if (header.length > MAX_LENGTH) return OTHER
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { scheme: 'bearer', token: value }
    case 'basic': {
      const login = parseLogin(value)
      return login === null ? OTHER : { scheme: 'basic', login }
    }
    default:
      return OTHER
  }
}

/** The name ends at the first colon. https://www.rfc-editor.org/rfc/rfc7617#section-2 */
function parseLogin(base64: string): Login | null {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    const colon = text.indexOf(':')
    return colon < 0 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) }
  } catch {
    return null
  }
}
