/** Scopes as they are written on the command line. */
export function scopesText(
  scopes: readonly { readonly repositories: string; readonly actions: readonly string[] }[],
): string {
  return scopes.map(({ repositories, actions }) => `${repositories}:${actions.join(',')}`).join(' ')
}
