import { pushSmallBlob } from '../blob-actions.ts'
import { equal, expectHeader, expectRefusal, expectStatus, holds, isRecord, jsonOf } from '../check.ts'
import type { Client } from '../client.ts'
import { prepareImage, pushImage, pushManifest } from '../manifest-actions.ts'
import { allPages, expectOrder, nextPage, textsOf } from '../pages.ts'
import { must, should, type Row } from '../row.ts'

const LISTING = 'Listing Tags'
const TAGS = ['v10', 'v9', 'Z', 'a', '_x', '0', 'a.b', 'a-b', 'B']

export const TAG_ROWS: readonly Row[] = [
  must('tag-1', '1.0', LISTING, 'the list is 200, of the name and of every tag', async (client) => {
    const repository = await tagged(client, TAGS)
    const answer = expectStatus(await client.send('GET', listPath(repository)), 200)
    const body = jsonOf(answer)
    equal(isRecord(body) && body['name'], repository, 'name')
    equal([...(await allTags(client, repository))].sort(), [...TAGS].sort(), 'tags')
  }),

  must('tag-2', '1.0', LISTING, 'tags are in order', async (client) => {
    const repository = await tagged(client, TAGS)
    const tags = await allTags(client, repository)
    equal(tags.length, TAGS.length, 'number of tags')
    expectOrder(tags)
  }),

  must('tag-3', '1.0', LISTING, 'n gives that many, from the beginning', async (client) => {
    const repository = await tagged(client, TAGS)
    const all = await allTags(client, repository)
    for (const n of [1, 4, TAGS.length]) {
      const answer = await client.send('GET', listPath(repository, `n=${n}`))
      const tags = textsOf(answer, 'tags')
      if (nextPage(answer) === null) equal(tags.length, n, 'number of tags') // fewer only with a Link
      equal(tags, all.slice(0, Math.min(n, tags.length)), 'tags')
      holds(tags.length > 0, tags, 'some tags')
    }
  }),

  must('tag-4', '1.0', LISTING, 'n larger than there are gives all, and no next page', async (client) => {
    const repository = await tagged(client, TAGS)
    const answer = await client.send('GET', listPath(repository, 'n=100'))
    equal(textsOf(answer, 'tags'), await allTags(client, repository), 'tags')
    equal(nextPage(answer), null, 'next page')
  }),

  must('tag-5', '1.1', LISTING, 'n=0 gives an empty list, and no next page', async (client) => {
    const repository = await tagged(client, ['a', 'b'])
    const answer = await client.send('GET', listPath(repository, 'n=0'))
    equal(textsOf(answer, 'tags'), [], 'tags')
    equal(answer.values('Link'), [], 'Link')
  }),

  must('tag-6', '1.0', LISTING, 'last begins behind that tag, with n and without', async (client) => {
    const repository = await tagged(client, TAGS)
    const all = await allTags(client, repository)
    for (const [at, last] of all.entries()) {
      const rest = await client.send('GET', listPath(repository, `last=${last}`))
      equal(textsOf(rest, 'tags'), all.slice(at + 1), `tags behind ${last}`)
    }
    const some = await client.send('GET', listPath(repository, `n=2&last=${all[2] ?? ''}`))
    equal(textsOf(some, 'tags'), all.slice(3, 5), 'two tags behind the third')
  }),

  should('tag-7', 'docker', LISTING, 'last need not be a tag that is there', async (client) => {
    const repository = await tagged(client, ['a', 'c', 'e'])
    for (const [last, wanted] of [
      ['b', ['c', 'e']],
      ['zz', []],
    ] as const)
      equal(textsOf(await client.send('GET', listPath(repository, `last=${last}`)), 'tags'), wanted, `behind ${last}`)
  }),

  should('tag-8', '1.1', LISTING, 'Link leads from page to page, through every tag once', async (client) => {
    const repository = await tagged(client, TAGS)
    const pages = await allPages(client, listPath(repository, 'n=2'))
    holds(pages.length >= TAGS.length / 2, pages.length, 'a page for each two tags')
    equal(
      pages.flatMap((page) => textsOf(page, 'tags')),
      await allTags(client, repository),
      'tags of all pages',
    )
  }),

  must('tag-9', '1.0', LISTING, 'a repository that nobody has pushed to is 404', async (client) => {
    await tagged(client, ['a'])
    expectRefusal(await client.send('GET', listPath(client.repository())), [404], ['NAME_UNKNOWN'])
  }),

  must('tag-10', '1.0', LISTING, 'a repository without tags has an empty list', async (client) => {
    const repository = client.repository()
    await pushImage(client, repository, null)
    equal(textsOf(await client.send('GET', listPath(repository)), 'tags'), [], 'tags')
  }),

  must('tag-11', '1.0', LISTING, 'a list has the tags of its own repository alone', async (client) => {
    const repository = await tagged(client, ['a'])
    for (const other of [`${repository}/below`, `${repository}-beside`]) {
      await pushSmallBlob(client, other)
      await pushImage(client, other, 'b')
      equal(await allTags(client, other), ['b'], 'tags')
    }
    equal(await allTags(client, repository), ['a'], 'tags')
  }),

  should('tag-12', 'docker', LISTING, 'n that is no number is 400', async (client) => {
    const repository = await tagged(client, ['a'])
    for (const n of ['-1', 'many', '1.5'])
      expectRefusal(await client.send('GET', listPath(repository, `n=${n}`)), [400], ['PAGINATION_NUMBER_INVALID'])
  }),

  should('tag-13', 'main', 'API', 'the list is JSON with its length, or chunked, never both', async (client) => {
    const repository = await tagged(client, ['a'])
    const answer = expectStatus(
      await client.send('GET', listPath(repository), { headers: { 'Accept-Encoding': 'identity' } }),
      200,
    )
    equal(textsOf(answer, 'tags'), ['a'], 'tags')
    if (answer.values('Transfer-Encoding').length > 0) equal(answer.values('Content-Length'), [], 'Content-Length')
    else expectHeader(answer, 'Content-Length', String(answer.bytes.length))
  }),
]

export function listPath(repository: string, query = ''): string {
  return `/v2/${repository}/tags/list${query === '' ? '' : `?${query}`}`
}

/** All tags of all pages, as they come. */
export async function allTags(client: Client, repository: string): Promise<readonly string[]> {
  const pages = await allPages(client, listPath(repository))
  return pages.flatMap((page) => textsOf(page, 'tags'))
}

/** A repository with these tags on one image. */
async function tagged(client: Client, tags: readonly string[]): Promise<string> {
  const repository = client.repository()
  const image = await prepareImage(client, repository)
  for (const tag of tags) await pushManifest(client, repository, tag, image)
  return repository
}
