import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

import { anchorsOf, documents, linksOf, readDocument, ROOT } from './support/markdown.ts'

const DOCUMENTS = documents()

test('links are found', () => {
  expect(DOCUMENTS.flatMap((document) => linksOf(readDocument(document))).length).toBeGreaterThan(10)
})

test.each(DOCUMENTS)('every link of %s leads somewhere', (document) => {
  expect(linksOf(readDocument(document)).filter((target) => !leadsSomewhere(document, target))).toEqual([])
})

/** Addresses of the web are only looked at: nothing is fetched. */
function leadsSomewhere(document: string, target: string): boolean {
  if (/^[a-z]+:/.test(target)) return URL.canParse(target)
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? document : join(dirname(document), decodeURIComponent(path))
  if (!existsSync(join(ROOT, file))) return false
  return anchor === undefined || (file.endsWith('.md') && anchorsOf(readDocument(file)).has(anchor))
}

test('anchors are those of GitHub', () => {
  const markdown =
    '# A `npm start`, and *more*\n## Same\n## Same\n```sh\n# none\n```\n## [Linked](x.md) one: two_three\n'
  expect([...anchorsOf(markdown)]).toEqual(['a-npm-start-and-more', 'same', 'same-1', 'linked-one-two_three'])
})

test('a link inside code is none', () => {
  expect(linksOf('`[a](b)` [c](d#e) ![f](g.png)\n```\n[h](i)\n```\n[j]: k\n')).toEqual(['d#e', 'g.png', 'k'])
})
