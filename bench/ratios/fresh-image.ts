import { createHash, randomFillSync, randomUUID, type Hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'

import { run } from '../../test/e2e/support/run.ts'
import { digestOf } from '../../test/suites/client.ts'

const BLOCK_BYTES = 1_048_576
const TAR_BLOCK_BYTES = 512

interface Layer {
  readonly digest: string
  readonly size: number
  /** Digest of the tar inside. */
  readonly diffId: string
}

/** Writes `size` bytes that nobody has seen before. */
export async function writeFresh(file: string, size: number): Promise<void> {
  await pipeline(Readable.from(freshBytes(size)), createWriteStream(file))
}

/** An image in OCI's layout below `folder`, under the tag `v1`, its layers in gzip's framing: skopeo sends them as they are. */
export async function writeOciLayout(folder: string, layerSizes: readonly number[]): Promise<void> {
  const blobs = join(folder, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const layers = []
  for (const size of layerSizes) layers.push(await writeLayer(blobs, size, true))
  const write = async (text: string) => {
    const digest = digestOf(text)
    await writeFile(join(blobs, hexOf(digest)), text)
    return { digest, size: text.length }
  }
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await write(configOf(layers))) }
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
  const manifest = {
    schemaVersion: 2,
    config,
    layers: layers.map(({ digest, size }) => ({ mediaType, digest, size })),
  }
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...(await write(JSON.stringify(manifest))),
    annotations: { 'org.opencontainers.image.ref.name': 'v1' },
  }
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
}

/** An image as `docker image save` writes it, in the archive `file`, its layers not compressed. */
export async function writeDockerArchive(
  file: string,
  work: string,
  reference: string,
  layerSizes: readonly number[],
): Promise<void> {
  await mkdir(work, { recursive: true })
  const layers = []
  for (const size of layerSizes) layers.push(await writeLayer(work, size, false))
  const names = layers.map(({ digest }) => hexOf(digest))
  await writeFile(join(work, 'config.json'), configOf(layers))
  const manifest = [{ Config: 'config.json', RepoTags: [reference], Layers: names }]
  await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest))
  await run('tar', ['--create', '--file', file, '--directory', work, 'manifest.json', 'config.json', ...names])
}

function configOf(layers: readonly Layer[]): string {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }
  const history = layers.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'fresh bytes' }))
  return JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs, history })
}

/** A layer that holds one file of `size` bytes, in `folder` under the hex of its digest. */
async function writeLayer(folder: string, size: number, gzip: boolean): Promise<Layer> {
  const [tarHash, fileHash] = [createHash('sha256'), createHash('sha256')]
  const written = join(folder, `layer-${randomUUID()}`)
  // Stored, not compressed: random bytes would not get smaller, and deflate would cost more than all that is measured.
  const framing = gzip ? createGzip({ level: constants.Z_NO_COMPRESSION }) : new PassThrough()
  await pipeline(Readable.from(tarOf(size)), hashing(tarHash), framing, hashing(fileHash), createWriteStream(written))
  const digest = `sha256:${fileHash.digest('hex')}`
  const file = join(folder, hexOf(digest))
  await rename(written, file)
  return { digest, size: (await stat(file)).size, diffId: `sha256:${tarHash.digest('hex')}` }
}

function hashing(hash: Hash) {
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      hash.update(bytes)
      yield bytes
    }
  }
}

/** A tar of one file that has a name of its own. */
function* tarOf(size: number): Generator<Uint8Array> {
  yield tarHeader(`fresh-${randomUUID()}`, size)
  yield* freshBytes(size)
  yield new Uint8Array(-size & (TAR_BLOCK_BYTES - 1))
  yield new Uint8Array(2 * TAR_BLOCK_BYTES)
}

/** A regular file's header: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html ("ustar Interchange Format"). */
function tarHeader(name: string, size: number): Uint8Array {
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  const fields = (checksum: string) =>
    [name.padEnd(100, '\0'), octal(0o644, 7), octal(0, 7), octal(0, 7), octal(size, 11), octal(0, 11), checksum, '0']
      .join('')
      .concat('\0'.repeat(100), 'ustar\0', '00')
      .padEnd(TAR_BLOCK_BYTES, '\0')
  const encode = (text: string) => new TextEncoder().encode(text)
  const sum = encode(fields(' '.repeat(8))).reduce((total, byte) => total + byte, 0)
  return encode(fields(`${octal(sum, 6)} `))
}

function* freshBytes(size: number): Generator<Uint8Array> {
  for (let left = size; left > 0; left -= BLOCK_BYTES) yield randomFillSync(new Uint8Array(Math.min(left, BLOCK_BYTES)))
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}
