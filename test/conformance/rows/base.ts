import { pushSmallBlob, blobPath, expectBlob, startUpload, uploadsPath } from '../blob-actions.ts'
import { expectHeader, expectRefusal, expectStatus, isRecord, holds, jsonOf } from '../check.ts'
import { getManifest, manifestPath } from '../manifest-actions.ts'
import { may, must, should, type Row } from '../row.ts'

/** Clients cap the host, a slash and the name together at this. */
const MAX_HOST_AND_NAME = 255

const NAMES = ['a.b', 'a_b', 'a__b', 'a-b', 'a---b', '0', 'x1.y2_z3/deep/er/still', 'blobs', 'manifests/tags/list']
const NO_NAMES = ['Upper', '-a', 'a-', '.a', 'a.', 'a..b', 'a___b', 'a._b', 'a//b', 'a%20b', 'ä']

export const BASE_ROWS: readonly Row[] = [
  must(
    'base-1',
    '1.0',
    'Determining Support',
    'GET /v2/ answers 200, and not as a matter of course',
    async (client) => {
      expectStatus(await client.send('GET', '/v2/'), 200)
      // A server that says 200 to whatever it is asked is no registry.
      expectStatus(await getManifest(client, client.repository(), 'none'), 404)
    },
  ),

  should('base-2', 'docker', 'Determining Support', 'GET /v2/ names the API version, in JSON', async (client) => {
    const answer = expectStatus(await client.send('GET', '/v2/'), 200)
    expectHeader(answer, 'Docker-Distribution-Api-Version', 'registry/2.0')
    const body = jsonOf(answer)
    holds(isRecord(body), body, 'an object')
    expectStatus(await getManifest(client, client.repository(), 'none'), 404)
  }),

  must(
    'base-3',
    '1.0',
    'Pulling manifests',
    'every form of name that the grammar allows is a repository',
    async (client) => {
      const parent = client.repository()
      for (const name of NAMES.map((last) => `${parent}/${last}`)) {
        const { digest, bytes } = await pushSmallBlob(client, name)
        await expectBlob(client, blobPath(name, digest), bytes)
      }
    },
  ),

  must('base-4', '1.0', 'Pulling manifests', 'a name that the grammar does not allow is refused', async (client) => {
    const parent = client.repository()
    await startUpload(client, parent)
    for (const name of NO_NAMES.map((last) => `${parent}/${encodeURI(decodeURI(last))}`)) {
      expectRefusal(await client.send('POST', uploadsPath(name)), [400, 404], ['NAME_INVALID', 'NAME_UNKNOWN'])
      const got = await client.send('GET', manifestPath(name, 'latest'))
      expectRefusal(got, [400, 404], ['NAME_INVALID', 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN'])
    }
  }),

  may('base-5', '1.1', 'Pulling manifests', 'a name as long as clients can use is a repository', async (client) => {
    const parent = `${client.repository()}/`
    const { url } = await client.send('GET', '/v2/')
    const name = parent + 'n'.repeat(MAX_HOST_AND_NAME - new URL(url).host.length - 1 - parent.length)
    const { digest, bytes } = await pushSmallBlob(client, name)
    await expectBlob(client, blobPath(name, digest), bytes)
  }),
]
