import { pushBlob, pushSmallBlob } from './blob-actions.ts'
import { equal, expectHeader, expectStatus, holds, isRecord, jsonOf } from './check.ts'
import type { Client } from './client.ts'
import {
  descriptorOf,
  EMPTY,
  EMPTY_BYTES,
  imageOf,
  INDEX,
  manifestDescriptor,
  type Descriptor,
  type Manifest,
} from './content.ts'
import { pushImage, pushManifest } from './manifest-actions.ts'
import { allPages } from './pages.ts'

export function referrersPath(repository: string, digest: string, artifactType: string | null = null): string {
  const query = artifactType === null ? '' : `?artifactType=${artifactType}`
  return `/v2/${repository}/referrers/${digest}${query}`
}

/** A repository with an image, and the descriptor that names it. */
export async function subjectIn(client: Client): Promise<{ repository: string; subject: Descriptor }> {
  const repository = client.repository()
  await pushSmallBlob(client, repository)
  return { repository, subject: manifestDescriptor(await pushImage(client, repository, 'v1')) }
}

/** An artefact about `subject`, not yet pushed. */
export async function referrerTo(
  client: Client,
  repository: string,
  { mediaType, digest, size }: Descriptor,
  more: Record<string, unknown>,
): Promise<Manifest> {
  await pushBlob(client, repository, EMPTY_BYTES)
  const empty = descriptorOf(EMPTY, EMPTY_BYTES)
  return imageOf(empty, [empty], { subject: { mediaType, digest, size }, ...more })
}

export async function pushReferrer(
  client: Client,
  repository: string,
  subject: Descriptor,
  more: Record<string, unknown>,
) {
  const referrer = await referrerTo(client, repository, subject, more)
  const answer = await pushManifest(client, repository, referrer.digest, referrer)
  expectHeader(answer, 'OCI-Subject', subject.digest)
  return referrer
}

/** How the list must show a referrer: these fields, and no others. */
export function described({ mediaType, digest, bytes }: Manifest, more: Record<string, unknown>): Descriptor {
  return { mediaType, digest, size: bytes.length, ...more }
}

export async function expectReferrers(
  client: Client,
  repository: string,
  digest: string,
  wanted: readonly Descriptor[],
): Promise<void> {
  const found = await list(client, referrersPath(repository, digest))
  equal(byDigest(found), byDigest(wanted), 'referrers')
}

export async function expectFiltered(
  client: Client,
  repository: string,
  digest: string,
  artifactType: string,
  wanted: readonly Descriptor[],
): Promise<void> {
  const path = referrersPath(repository, digest, artifactType)
  const answer = expectStatus(await client.send('GET', path), 200)
  const applied = answer.values('OCI-Filters-Applied').flatMap((value) => value.split(',').map((one) => one.trim()))
  equal(applied, ['artifactType'], 'OCI-Filters-Applied')
  equal(byDigest(await list(client, path)), byDigest(wanted), 'referrers')
}

/** The descriptors of all pages. */
async function list(client: Client, path: string): Promise<readonly Descriptor[]> {
  const pages = await allPages(client, path)
  return pages.flatMap((page) => {
    expectHeader(page, 'Content-Type', INDEX)
    const body = jsonOf(page)
    const manifests = isRecord(body) ? body['manifests'] : undefined
    holds(Array.isArray(manifests), manifests, 'a list of manifests')
    return manifests as readonly Descriptor[]
  })
}

function byDigest(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...descriptors].sort((a, b) => (a.digest < b.digest ? -1 : 1))
}
