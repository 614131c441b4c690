import { Declined, equal, expectRefusal, holds } from '../check.ts'
import type { Client } from '../client.ts'
import { pushImage } from '../manifest-actions.ts'
import { allPages, expectOrder, nextPage, textsOf } from '../pages.ts'
import { may, type Row } from '../row.ts'

const SECTION = 'Docker: Listing Repositories'

/** https://distribution.github.io/distribution/spec/api/#listing-repositories */
export const CATALOG_ROWS: readonly Row[] = [
  may('catalog-1', 'docker', SECTION, 'the catalog has every repository that was pushed to', async (client) => {
    const { pushed } = await threeRepositories(client)
    const found = (await allPages(client, '/v2/_catalog')).flatMap((page) => textsOf(page, 'repositories'))
    equal(
      pushed.filter((name) => found.includes(name)),
      pushed,
      'repositories',
    )
    equal(new Set(found).size, found.length, 'repositories, each once')
  }),

  may('catalog-2', 'docker', SECTION, 'repositories are in order', async (client) => {
    await threeRepositories(client)
    const found = (await allPages(client, '/v2/_catalog')).flatMap((page) => textsOf(page, 'repositories'))
    holds(found.length >= 3, found, 'three at least')
    expectOrder(found)
  }),

  may('catalog-3', 'docker', SECTION, 'n gives that many, and Link leads on', async (client) => {
    const { before, pushed } = await threeRepositories(client)
    const first = await client.send('GET', `/v2/_catalog?n=2&last=${encodeURIComponent(before)}`)
    equal(textsOf(first, 'repositories'), pushed.slice(0, 2), 'repositories')
    const next = nextPage(first)
    holds(next !== null, next, 'a next page')
    const second = await client.send('GET', next ?? '')
    equal(textsOf(second, 'repositories')[0], pushed[2], 'first repository of the next page')
  }),

  may('catalog-4', 'docker', SECTION, 'last begins behind that repository', async (client) => {
    const { pushed } = await threeRepositories(client)
    const [one = '', two] = pushed
    const answer = await client.send('GET', `/v2/_catalog?n=1&last=${encodeURIComponent(one)}`)
    equal(textsOf(answer, 'repositories'), [two], 'repositories')
  }),

  may('catalog-5', 'docker', SECTION, 'n that is no number is 400', async (client) => {
    await threeRepositories(client)
    for (const n of ['-1', 'many']) {
      const answer = await client.send('GET', `/v2/_catalog?n=${n}`)
      expectRefusal(answer, [400], ['PAGINATION_NUMBER_INVALID'])
    }
  }),
]

/** Three new repositories side by side, in order, and a name right before them. */
async function threeRepositories(client: Client): Promise<{ before: string; pushed: readonly string[] }> {
  const parent = client.repository()
  const pushed = ['a', 'b', 'c'].map((name) => `${parent}/${name}`)
  for (const name of pushed) await pushImage(client, name, 'v1')
  const answer = await client.send('GET', '/v2/_catalog?n=1')
  if ([401, 403, 404, 405].includes(answer.status)) throw new Declined('the catalog is not for everybody')
  return { before: `${parent}/0`, pushed }
}
