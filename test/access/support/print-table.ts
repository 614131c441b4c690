import { PRINCIPALS } from './matrix.ts'
import type { Cell } from './cell.ts'

const LEGEND = `\
Who is answered what, by endpoint and repository. test/access/table.test.ts makes this file and compares it.

public, private and missing lie in the organisation acme; nobody has the namespace of nowhere. Which is all the same to
an endpoint that names none of them ("-"), and only the namespace to one of a namespace (acme).
401 is UNAUTHORIZED and 403 is DENIED; the last column has the codes of other refusals. "nobody" sends nothing, and a
stranger has a token of nobody. Everybody else comes with a short token below /v2, and with a login elsewhere: both ways
are tested everywhere. Of /token the cells are what a token is granted of p(ull), (pu)s(h), d(elete).
`

/** The cells as a text: a row for each endpoint and repository, a column for each principal. */
export function printTable(cells: readonly Cell[]): string {
  const rows = new Map<string, string[]>()
  const codes = new Map<string, Set<string>>()
  for (const { route, state, principal, way, outcome } of cells) {
    const key = `${route.key}|${nameOf(route.path, state)}`
    const isV2 = route.path.startsWith('/v2/')
    const column = principal === 'stranger' && isV2 && way === 'login' ? 0 : PRINCIPALS.indexOf(principal) + 1
    const isShown = column === 0 || !isV2 || way === 'token' || isWithoutToken(cells, principal)
    if (!isShown || (!isV2 && way === 'token')) continue
    const row = rows.get(key) ?? PRINCIPALS.map(() => '').concat('')
    row[column] = route.path === '/token' ? shortGrant(outcome) : outcome.slice(0, 3)
    rows.set(key, row)
    const [, code] = /^\d+ ([A-Z_]+)$/.exec(outcome) ?? []
    if (code !== undefined && code !== 'UNAUTHORIZED' && code !== 'DENIED')
      codes.set(key, (codes.get(key) ?? new Set()).add(code))
  }
  const head = ['', '', 'nobody', ...PRINCIPALS, '']
  const lines = [...rows].map(([key, row]) => [...key.split('|'), ...row, [...(codes.get(key) ?? [])].join(' ')])
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)))
  const print = (line: readonly string[]) =>
    line
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return `${LEGEND}\n${[head, ...lines].map(print).join('\n')}\n`
}

/** Who cannot get a short token is shown with the refusal of their login. */
function isWithoutToken(cells: readonly Cell[], principal: Cell['principal']): boolean {
  return !cells.some((cell) => cell.principal === principal && cell.way === 'token' && cell.route.path === '/v2/')
}

function nameOf(path: string, state: string): string {
  if (path.includes(':name+') || path === '/token') return state
  if (!path.includes(':namespace')) return '-'
  return state === 'nowhere' ? state : 'acme'
}

function shortGrant(outcome: string): string {
  if (!outcome.startsWith('200 ')) return outcome.slice(0, 3)
  return outcome.slice(4).replace('pull', 'p').replace('push', 's').replace('delete', 'd').replaceAll(',', '')
}
