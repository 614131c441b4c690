import { equal, expectStatus, headerOf, holds, isRecord, jsonOf, Mismatch } from './check.ts'
import { absolute, type Client } from './client.ts'
import type { Answer } from './http.ts'

/** More pages than this are a circle. */
const MAX_PAGES = 50

/** The URL of the page that follows, by RFC 8288; `null` when there is none. */
export function nextPage(answer: Answer): string | null {
  if (answer.values('Link').length === 0) return null
  const link = headerOf(answer, 'Link')
  const [, target, parameters = ''] = /^\s*<([^>]*)>\s*(.*)$/.exec(link) ?? []
  if (target === undefined || !/;\s*rel="?next"?/.test(parameters))
    throw new Mismatch(`Link: got ${link}, wanted rel="next"`)
  return absolute(target, answer.url)
}

/** Every page from this one on, each of them 200. */
export async function allPages(client: Client, target: string): Promise<readonly Answer[]> {
  const pages: Answer[] = []
  let next: string | null = target
  while (next !== null) {
    holds(pages.length < MAX_PAGES, pages.length, `less than ${MAX_PAGES} pages`)
    const page = expectStatus(await client.send('GET', next), 200)
    pages.push(page)
    next = nextPage(page)
  }
  return pages
}

/** A list of texts in the body of an answer of 200. @throws {Mismatch} when it is absent, or `null` */
export function textsOf(answer: Answer, field: string): readonly string[] {
  const body = jsonOf(expectStatus(answer, 200))
  const list = isRecord(body) ? body[field] : undefined
  holds(Array.isArray(list) && list.every((item) => typeof item === 'string'), list, `${field}, a list of texts`)
  return list as readonly string[]
}

/** Both orders that the spec knows: by bytes, or without regard to case. */
export function expectOrder(texts: readonly string[]): void {
  const byBytes = [...texts].sort()
  const [given, lower, bytes] = [texts.join('\n'), texts.map((text) => text.toLowerCase()), byBytes.join('\n')]
  const lexical = lower.every((text, at) => at === 0 || (lower[at - 1] ?? '') <= text)
  if (!lexical) equal(given, bytes, 'order')
}
