import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { SETTINGS } from '../src/settings.ts'

const DOCS = readFileSync('docs/settings.md', 'utf8')
const WRANGLER = readFileSync('wrangler.toml', 'utf8')
const NAMES = Object.keys(SETTINGS)

/** The rows of the table, as it stands or stood in the code: their cells without the spaces that line them up. */
function rows(markdown: string): string[] {
  const [, table = ''] = /<!-- settings: begin -->([^]*)<!-- settings: end -->/.exec(markdown) ?? []
  return table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .join(' | ')
        .trim(),
    )
}

test("docs/settings.md has the code's settings, each with its kind, its default, its meaning and an example", () => {
  const wanted = Object.entries(SETTINGS).map(
    ([name, { kind, otherwise, meaning, example }]) =>
      `| \`${name}\` | ${kind} | ${otherwise} | ${meaning} | ${example} |`,
  )
  const [, , ...found] = rows(DOCS)
  expect(found).toEqual(wanted)
})

test('wrangler.toml names no setting that the code does not read, and no secret', () => {
  const [, vars = ''] = /\[vars\]\n([^[]*)/.exec(WRANGLER) ?? []
  const variables = [...vars.matchAll(/^(\w+) *=/gm)].map(([, name = '']) => name)
  const bindings = [...WRANGLER.matchAll(/^(?:binding|name) = "([A-Z_]+)"/gm)].map(([, name = '']) => name)
  expect(variables.length).toBeGreaterThan(0)
  expect(bindings).toContain('TAGS')
  for (const name of variables) expect(SETTINGS).toHaveProperty([name, 'kind'], 'variable')
  for (const name of bindings) expect(SETTINGS).toHaveProperty([name, 'kind'], 'binding')
})

test('every setting that a page names is one', () => {
  for (const page of ['README.md', 'docs/accounts.md', 'docs/request-handling.md', 'docs/storage-schema.md']) {
    const named = readFileSync(page, 'utf8').match(
      /(?<=`)(S3|TOKEN_SECRET|TAG_READS|EDGE|OIDC|ADMIN|LOGIN|METRICS|LOG|BLOB|PUBLIC)[A-Z0-9_]+(?=[`=])/g,
    )
    for (const name of named ?? []) expect(NAMES, page).toContain(name)
  }
})
