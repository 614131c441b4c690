/** What a client asks of the token endpoint, or is told to ask for: actions on one resource. */
export interface Scope {
  /** `repository` or `registry`; others are known to nobody, and granted to nobody. */
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** More than any client asks for at once; what comes after is left out, like all else that is not granted. */
export const MAX_SCOPES = 20

const MAX_NAME_LENGTH = 255
const ACTIONS: readonly string[] = ['pull', 'push', 'delete']

/**
 * The scopes in the query or the form of a token request: repeated, separated by spaces, or both. What is no scope is
 * left out, since asking for too much is never an error; the same resource named twice is one scope.
 * https://distribution.github.io/distribution/spec/auth/scope/
 */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  const scopes = new Map<string, Scope>()
  for (const text of texts.flatMap((list) => list.split(' '))) {
    const scope = parseScope(text)
    if (scope === null) continue
    const key = `${scope.type}:${scope.name}`
    const known = scopes.get(key)
    if (known === undefined && scopes.size === MAX_SCOPES) break
    scopes.set(key, { ...scope, actions: [...new Set([...(known?.actions ?? []), ...scope.actions])] })
  }
  return [...scopes.values()]
}

/** `type[(class)]:name:action[,action]`, where the name may hold colons; `null` for another form. */
function parseScope(text: string): Scope | null {
  const [, type = '', name = '', actions = ''] = /^([a-z0-9]+)(?:\([^()]*\))?:(.+):([^:]*)$/.exec(text) ?? []
  if (type === '' || name.length > MAX_NAME_LENGTH) return null
  const asked = actions.split(',')
  if (type !== 'repository') return { type, name, actions: asked.filter((action) => action === '*') }
  // In old words `*` is all that can be done.
  return { type, name, actions: asked.includes('*') ? ACTIONS : asked.filter((action) => ACTIONS.includes(action)) }
}

/** As a challenge and the answer of the token endpoint write it. */
export function formatScopes(scopes: readonly Scope[]): string {
  return scopes.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ')
}
