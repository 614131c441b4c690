import { bytesOf, concat } from '../bytes.ts'
import { locationOf, pushSmallBlob } from '../blob-actions.ts'
import { equal, expectHeader, expectRefusal, expectStatus, holds } from '../check.ts'
import { digestOf, IMAGE, manifestOf, unknownDigest } from '../content.ts'
import {
  ALL_MANIFESTS,
  expectDigestHeader,
  expectManifest,
  expectManifestBytes,
  expectNoManifest,
  getManifest,
  headManifest,
  manifestPath,
  prepareImage,
  pushImage,
  pushManifest,
  putManifest,
} from '../manifest-actions.ts'
import { must, should, type Row } from '../row.ts'

const PULLING = 'Pulling manifests'
const PUSHING = 'Pushing Manifests'
const CHECKING = 'Checking if content exists in the registry'

const LONGEST_TAG = `A_${'b.-9'.repeat(31)}zZ`
const NO_TAGS = ['.dot', '-dash', `${LONGEST_TAG}x`, 'a+b', 'a%20b', 'a@b']

export const MANIFEST_ROWS: readonly Row[] = [
  must('manifest-1', '1.0', PUSHING, 'PUT by tag is 201, and says where to pull', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    const answer = await pushManifest(client, repository, 'v1', image)
    expectManifestBytes(await client.send('GET', locationOf(answer), { headers: { Accept: ALL_MANIFESTS } }), image)
    for (const reference of ['v1', image.digest]) await expectManifest(client, repository, reference, image)
  }),

  must('manifest-2', '1.0', PUSHING, 'PUT by digest is 201, says where to pull, and makes no tag', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    const answer = await pushManifest(client, repository, image.digest, image)
    expectManifestBytes(await client.send('GET', locationOf(answer), { headers: { Accept: ALL_MANIFESTS } }), image)
    await expectManifest(client, repository, image.digest, image)
    await expectNoManifest(client, repository, 'latest')
  }),

  must('manifest-3', '1.1', PUSHING, 'a digest in the answer to PUT is the one that was pushed', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    for (const reference of ['v1', image.digest])
      expectDigestHeader(await pushManifest(client, repository, reference, image), image.digest)
  }),

  should('manifest-4', '1.1', PUSHING, 'a manifest may be pushed by its sha512 digest', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    const digest = digestOf(image.bytes, 'sha512')
    const answer = await pushManifest(client, repository, digest, image)
    await expectManifest(client, repository, digest, image)
    expectDigestHeader(await getManifest(client, repository, digest), digest)
    equal(
      answer.values('Docker-Content-Digest').every((found) => found === digest),
      true,
      'digest header is sha512',
    )
  }),

  should('manifest-5', '1.1', PUSHING, 'parameters of Content-Type are ignored, and not given back', async (client) => {
    const repository = client.repository()
    const image = await prepareImage(client, repository)
    const mediaType = `${IMAGE}; charset=utf-8`
    await pushManifest(client, repository, 'v1', { ...image, mediaType })
    for (const reference of ['v1', image.digest]) await expectManifest(client, repository, reference, image)
  }),

  must('manifest-6', 'main', PULLING, 'GET by tag and by digest names the digest', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    for (const reference of ['v1', image.digest])
      expectDigestHeader(expectStatus(await getManifest(client, repository, reference), 200), image.digest)
  }),

  should('manifest-7', 'main', 'API', 'GET has its exact length, and is not compressed on the way', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1', { annotations: { text: 'again and '.repeat(2000) } })
    const answer = await getManifest(client, repository, 'v1')
    expectManifestBytes(answer, image)
    expectHeader(answer, 'Content-Length', String(image.bytes.length))
    equal(answer.values('Content-Encoding'), [], 'Content-Encoding')
  }),

  must('manifest-8', '1.0', PULLING, 'a tag or a digest that is not there is 404', async (client) => {
    const repository = client.repository()
    await pushImage(client, repository, 'v1')
    for (const reference of ['v2', unknownDigest()]) await expectNoManifest(client, repository, reference)
  }),

  must('manifest-9', '1.0', PULLING, 'a repository that nobody has pushed to is 404', async (client) => {
    const image = await pushImage(client, client.repository(), 'v1')
    for (const reference of ['v1', image.digest]) {
      const answer = await getManifest(client, client.repository(), reference)
      expectRefusal(answer, [404], ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'])
    }
  }),

  must(
    'manifest-10',
    '1.0',
    PULLING,
    'a manifest is in the repository it was pushed to, and in no other',
    async (client) => {
      const [one, other] = [client.repository(), client.repository()]
      const image = await pushImage(client, one, 'v1')
      await pushImage(client, other, 'v2')
      for (const reference of ['v1', image.digest]) await expectNoManifest(client, other, reference)
    },
  ),

  must('manifest-11', '1.0', PULLING, 'what can be no tag is no manifest', async (client) => {
    const repository = client.repository()
    await pushImage(client, repository, 'v1')
    for (const reference of ['.INVALID_MANIFEST_NAME', ...NO_TAGS]) {
      const codes = ['MANIFEST_UNKNOWN', 'TAG_INVALID', 'MANIFEST_INVALID', 'NAME_INVALID'] as const
      expectRefusal(await getManifest(client, repository, reference), [404], codes)
      expectStatus(await headManifest(client, repository, reference), 404)
    }
  }),

  must(
    'manifest-12',
    '1.0',
    PUSHING,
    'the longest tag, of every character, is one; another form is refused',
    async (client) => {
      const repository = client.repository()
      const image = await prepareImage(client, repository)
      for (const tag of [LONGEST_TAG, '_', '0', 'V1']) {
        await pushManifest(client, repository, tag, image)
        await expectManifest(client, repository, tag, image)
      }
      for (const tag of NO_TAGS) {
        const answer = await putManifest(client, repository, tag, image)
        expectRefusal(answer, [400, 404], ['TAG_INVALID', 'MANIFEST_INVALID', 'NAME_INVALID', 'MANIFEST_UNKNOWN'])
      }
    },
  ),

  should('manifest-13', '1.0', PULLING, 'a digest that is none is refused', async (client) => {
    const repository = client.repository()
    await pushImage(client, repository, 'v1')
    for (const wrong of ['sha256:totallywrong', `sha256:${'A'.repeat(64)}`, `sha256:${'0'.repeat(63)}`]) {
      const answer = await getManifest(client, repository, wrong)
      expectRefusal(answer, [400, 404], ['DIGEST_INVALID', 'MANIFEST_UNKNOWN', 'MANIFEST_INVALID', 'NAME_INVALID'])
    }
  }),

  should('manifest-14', 'main', PUSHING, 'PUT by a digest that is none is 400', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    for (const wrong of ['sha256:totallywrong', `md5:${'0'.repeat(32)}`]) {
      const answer = await putManifest(client, repository, wrong, image)
      expectRefusal(answer, [400], ['DIGEST_INVALID', 'MANIFEST_INVALID'])
    }
  }),

  must(
    'manifest-15',
    '1.0',
    PUSHING,
    'PUT by the digest of other bytes is 400, and nothing is kept',
    async (client) => {
      const repository = client.repository()
      const image = await prepareImage(client, repository)
      const bytes = concat([image.bytes, bytesOf('  ')])
      const answer = await putManifest(client, repository, image.digest, { ...image, bytes })
      expectRefusal(answer, [400], ['DIGEST_INVALID', 'MANIFEST_INVALID'])
      for (const digest of [image.digest, digestOf(bytes)]) await expectNoManifest(client, repository, digest)
    },
  ),

  must(
    'manifest-16',
    '1.0',
    PUSHING,
    'a tag moves with the next push, and the manifest before stays',
    async (client) => {
      const repository = client.repository()
      const first = await pushImage(client, repository, 'v1')
      const second = await pushImage(client, repository, 'v1')
      holds(first.digest !== second.digest, first.digest, 'two manifests')
      await expectManifest(client, repository, 'v1', second)
      await expectManifest(client, repository, first.digest, first)
      await pushManifest(client, repository, 'v1', first)
      await expectManifest(client, repository, 'v1', first)
    },
  ),

  should(
    'manifest-17',
    'docker',
    PULLING,
    'a client that says nothing of what it accepts gets what was pushed',
    async (client) => {
      const repository = client.repository()
      const image = await pushImage(client, repository, 'v1')
      for (const headers of [{}, { Accept: '*/*' }, { Accept: `${IMAGE};q=0.5, application/json` }])
        expectManifestBytes(await client.send('GET', manifestPath(repository, 'v1'), { headers }), image)
    },
  ),

  must('manifest-18', '1.0', CHECKING, 'HEAD answers 200, and nothing after the headers', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    for (const reference of ['v1', image.digest]) {
      const answer = expectStatus(await headManifest(client, repository, reference), 200)
      equal(answer.bytes.length, 0, 'bytes after the headers')
    }
    await expectNoManifest(client, repository, 'v2')
  }),

  must('manifest-19', 'main', CHECKING, 'HEAD has the length, the digest and the type', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1', { annotations: { text: 'again and '.repeat(2000) } })
    for (const reference of ['v1', image.digest]) {
      const answer = expectStatus(await headManifest(client, repository, reference), 200)
      expectHeader(answer, 'Content-Length', String(image.bytes.length))
      expectDigestHeader(answer, image.digest)
      expectHeader(answer, 'Content-Type', image.mediaType)
    }
  }),

  should('manifest-20', '1.0', PUSHING, 'what is no manifest is 400, and nothing is kept', async (client) => {
    const repository = client.repository()
    await pushSmallBlob(client, repository)
    for (const text of ['', '{', 'null', '[]', '"text"', '{"schemaVersion":2}']) {
      const answer = await putManifest(client, repository, 'bad', { bytes: bytesOf(text), mediaType: IMAGE })
      expectRefusal(answer, [400], ['MANIFEST_INVALID'])
      await expectNoManifest(client, repository, 'bad')
    }
    const stranger = manifestOf('application/vnd.example.stranger+json', { whatever: true })
    const answer = await putManifest(client, repository, 'bad', { ...stranger, mediaType: 'text/plain' })
    expectRefusal(answer, [400, 415], ['MANIFEST_INVALID', 'UNSUPPORTED'])
  }),
]
