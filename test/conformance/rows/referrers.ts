import { bytesOf } from '../bytes.ts'
import { equal, expectHeader, expectRefusal, expectStatus, jsonOf } from '../check.ts'
import { CONFIG, descriptorOf, digestOf, EMPTY, INDEX, indexOf, manifestDescriptor, unknownDigest } from '../content.ts'
import { expectManifest, pushImage, pushManifest } from '../manifest-actions.ts'
import {
  described,
  expectFiltered,
  expectReferrers,
  pushReferrer,
  referrersPath,
  referrerTo,
  subjectIn,
} from '../referrer-actions.ts'
import { must, should, type Row } from '../row.ts'
import { deleteManifest } from './deletes.ts'

const LISTING = 'Listing Referrers'
const PUSHING = 'Pushing Manifests with Subject'
const SIGNATURE = 'application/vnd.example.signature.v1+json'
const SBOM = 'application/vnd.example.sbom'

export const REFERRER_ROWS: readonly Row[] = [
  must(
    'referrer-1',
    '1.1',
    PUSHING,
    'a push with a subject is answered with OCI-Subject, by tag and by digest',
    async (client) => {
      const { repository, subject } = await subjectIn(client)
      const referrer = await referrerTo(client, repository, subject, { artifactType: SIGNATURE })
      for (const reference of [referrer.digest, 'tagged', referrer.digest]) {
        const answer = await pushManifest(client, repository, reference, referrer)
        expectHeader(answer, 'OCI-Subject', subject.digest)
      }
      equal(
        (await pushManifest(client, repository, 'plain', indexOf([]))).values('OCI-Subject'),
        [],
        'without a subject',
      )
    },
  ),

  must('referrer-2', '1.1', 'Push', 'a subject need not be there', async (client) => {
    const { repository } = await subjectIn(client)
    const subject = descriptorOf(CONFIG, bytesOf(unknownDigest()))
    const referrer = await pushReferrer(client, repository, subject, { artifactType: SIGNATURE })
    await expectManifest(client, repository, referrer.digest, referrer)
    await expectReferrers(client, repository, subject.digest, [described(referrer, { artifactType: SIGNATURE })])
  }),

  must('referrer-3', '1.1', LISTING, 'the list is 200, an image index under its own type', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const referrer = await pushReferrer(client, repository, subject, { artifactType: SIGNATURE })
    const answer = expectStatus(await client.send('GET', referrersPath(repository, subject.digest)), 200)
    expectHeader(answer, 'Content-Type', INDEX)
    const wanted = [described(referrer, { artifactType: SIGNATURE })]
    equal(jsonOf(answer), { schemaVersion: 2, mediaType: INDEX, manifests: wanted }, 'body')
  }),

  must(
    'referrer-4',
    '1.1',
    LISTING,
    'of what has no referrers the list is empty, whether it is there or not',
    async (client) => {
      const { repository, subject } = await subjectIn(client)
      for (const digest of [subject.digest, unknownDigest(), unknownDigest('sha512')])
        await expectReferrers(client, repository, digest, [])
    },
  ),

  must(
    'referrer-5',
    '1.1',
    LISTING,
    'in a repository that nobody has pushed to the list is empty, not 404',
    async (client) => {
      const { subject } = await subjectIn(client)
      await expectReferrers(client, client.repository(), subject.digest, [])
    },
  ),

  must('referrer-6', '1.1', LISTING, 'a digest that is none is 400', async (client) => {
    const { repository, subject } = await subjectIn(client)
    await expectReferrers(client, repository, subject.digest, [])
    for (const wrong of ['sha256:abc', 'latest', `sha256:${'Z'.repeat(64)}`])
      expectRefusal(await client.send('GET', referrersPath(repository, wrong)), [400], ['DIGEST_INVALID'])
  }),

  must('referrer-7', '1.1', LISTING, 'an image is shown with its artifactType', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const one = await pushReferrer(client, repository, subject, { artifactType: SIGNATURE })
    const two = await pushReferrer(client, repository, subject, { artifactType: SBOM })
    const wanted = [described(one, { artifactType: SIGNATURE }), described(two, { artifactType: SBOM })]
    await expectReferrers(client, repository, subject.digest, wanted)
  }),

  must(
    'referrer-8',
    '1.1',
    LISTING,
    'an image with an empty artifactType, or none, is shown with its config type',
    async (client) => {
      const { repository, subject } = await subjectIn(client)
      const none = await pushReferrer(client, repository, subject, {})
      const empty = await pushReferrer(client, repository, subject, { artifactType: '' })
      const wanted = [none, empty].map((referrer) => described(referrer, { artifactType: EMPTY }))
      await expectReferrers(client, repository, subject.digest, wanted)
    },
  ),

  must('referrer-9', '1.1', LISTING, 'an index is shown with its artifactType, or without any', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const typed = indexOf([], { subject, artifactType: SBOM })
    const plain = indexOf([manifestDescriptor(await pushImage(client, repository, null))], { subject })
    for (const index of [typed, plain]) {
      const answer = await pushManifest(client, repository, index.digest, index)
      expectHeader(answer, 'OCI-Subject', subject.digest)
    }
    await expectReferrers(client, repository, subject.digest, [
      described(typed, { artifactType: SBOM }),
      described(plain, {}),
    ])
  }),

  must(
    'referrer-10',
    '1.1',
    LISTING,
    'annotations are those of the manifest, of an image and of an index',
    async (client) => {
      const { repository, subject } = await subjectIn(client)
      const annotations = { 'org.example.one': '1', 'org.example.two': 'Grüße', empty: '' }
      const image = await pushReferrer(client, repository, subject, { artifactType: SBOM, annotations })
      const index = indexOf([], { subject, annotations: { other: 'x' } })
      await pushManifest(client, repository, index.digest, index)
      await expectReferrers(client, repository, subject.digest, [
        described(image, { artifactType: SBOM, annotations }),
        described(index, { annotations: { other: 'x' } }),
      ])
    },
  ),

  should('referrer-11', '1.1', LISTING, 'artifactType filters, and the answer says so', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const one = await pushReferrer(client, repository, subject, { artifactType: SIGNATURE })
    await pushReferrer(client, repository, subject, { artifactType: SBOM })
    const index = indexOf([], { subject, artifactType: SIGNATURE })
    await pushManifest(client, repository, index.digest, index)
    const wanted = [one, index].map((referrer) => described(referrer, { artifactType: SIGNATURE }))
    for (const spelt of [SIGNATURE, encodeURIComponent(SIGNATURE)].map((type) => type.replace('+', '%2B')))
      await expectFiltered(client, repository, subject.digest, spelt, wanted)
    await expectFiltered(client, repository, subject.digest, 'application/vnd.example.none', [])
  }),

  should('referrer-12', '1.1', LISTING, 'the type of a config filters like an artifactType', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const image = await pushImage(client, repository, null, { subject })
    await pushReferrer(client, repository, subject, { artifactType: SBOM })
    const wanted = [described(image, { artifactType: CONFIG })]
    await expectFiltered(client, repository, subject.digest, encodeURIComponent(CONFIG), wanted)
  }),

  must('referrer-13', '1.1', LISTING, 'the list has the referrers of its own repository alone', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const other = client.repository()
    const there = await pushReferrer(client, other, subject, { artifactType: SBOM })
    await expectReferrers(client, repository, subject.digest, [])
    await expectReferrers(client, other, subject.digest, [described(there, { artifactType: SBOM })])
  }),

  must('referrer-14', '1.1', LISTING, 'a referrer that is pushed again is listed once', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const referrer = await referrerTo(client, repository, subject, { artifactType: SBOM })
    for (const reference of [referrer.digest, 'a', 'b']) await pushManifest(client, repository, reference, referrer)
    await expectReferrers(client, repository, subject.digest, [described(referrer, { artifactType: SBOM })])
  }),

  must('referrer-15', '1.1', LISTING, 'a referrer that is deleted is no longer listed', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const gone = await pushReferrer(client, repository, subject, { artifactType: SBOM })
    const stays = await pushReferrer(client, repository, subject, { artifactType: SIGNATURE })
    await deleteManifest(client, repository, gone.digest)
    await expectReferrers(client, repository, subject.digest, [described(stays, { artifactType: SIGNATURE })])
  }),

  must(
    'referrer-16',
    '1.1',
    'Enabling the Referrers API',
    'referrers are listed also when their subject is deleted',
    async (client) => {
      const { repository, subject } = await subjectIn(client)
      const referrer = await pushReferrer(client, repository, subject, { artifactType: SBOM })
      await deleteManifest(client, repository, subject.digest)
      await expectReferrers(client, repository, subject.digest, [described(referrer, { artifactType: SBOM })])
    },
  ),

  should('referrer-17', '1.1', LISTING, 'a subject may have a sha512 digest', async (client) => {
    const repository = client.repository()
    const image = await pushImage(client, repository, 'v1')
    const subject = manifestDescriptor(image, { digest: digestOf(image.bytes, 'sha512') })
    const referrer = await pushReferrer(client, repository, subject, { artifactType: SBOM })
    await expectReferrers(client, repository, subject.digest, [described(referrer, { artifactType: SBOM })])
    await expectReferrers(client, repository, image.digest, [])
  }),

  must('referrer-18', '1.1', LISTING, 'many referrers are all listed, page by page if need be', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const wanted = []
    for (let at = 0; at < 25; at++) {
      const annotations = { number: String(at) }
      const referrer = await pushReferrer(client, repository, subject, { artifactType: SBOM, annotations })
      wanted.push(described(referrer, { artifactType: SBOM, annotations }))
    }
    await expectReferrers(client, repository, subject.digest, wanted)
  }),

  must('referrer-19', '1.1', LISTING, 'a referrer may be a subject itself', async (client) => {
    const { repository, subject } = await subjectIn(client)
    const sbom = await pushReferrer(client, repository, subject, { artifactType: SBOM })
    const signature = await pushReferrer(client, repository, manifestDescriptor(sbom), { artifactType: SIGNATURE })
    await expectReferrers(client, repository, subject.digest, [described(sbom, { artifactType: SBOM })])
    await expectReferrers(client, repository, sbom.digest, [described(signature, { artifactType: SIGNATURE })])
  }),
]
