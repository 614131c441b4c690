import type { Bearer } from '../auth/short-token.ts'
import type { AccessTokens } from '../storage/access-tokens.ts'

/** How exactly a token's last use is known. */
const TOKEN_USE_MS = 60 * 60 * 1000
const MAX_REMEMBERED = 1000

/** Tokens that this isolate has seen of late, so that storage is asked once an hour, and not each time. */
const seen = new Map<string, number>()

/** Notes that a token was used, at most once an hour wherever it was used. Fails without a word: nothing depends on it. */
export async function noteTokenUse(tokens: AccessTokens, bearer: Bearer, now: Date): Promise<void> {
  if (bearer.kind !== 'user' && bearer.kind !== 'robot') return
  const { id } = bearer.token
  if (now.getTime() - (seen.get(id) ?? -Infinity) < TOKEN_USE_MS) return
  if (seen.size >= MAX_REMEMBERED) seen.clear()
  seen.set(id, now.getTime())
  try {
    const last = await tokens.lastUse(id)
    if (last === null || now.getTime() - last.getTime() >= TOKEN_USE_MS) await tokens.noteUse(id)
  } catch {
    seen.delete(id)
  }
}
