import { createS3ObjectStore } from '../../storage/s3/s3-object-store.ts'
import { isSame, randomBody, type Bench, type Probe } from './bench.ts'
import { need, ok, type Seen } from './finding.ts'

/** Large objects: written in parts, and copied inside the storage. */
export const MULTIPART_PROBES: readonly Probe[] = [
  { name: 'multipart', run: probeMultipart },
  { name: 'multipart-abort', run: probeAbort },
  { name: 'multipart-apart', run: probeApart },
  { name: 'copy', run: probeCopy },
  { name: 'copy-parts', run: probeCopyParts },
]

async function probeMultipart({ store, folder, key }: Bench): Promise<Seen> {
  const { partBytes } = store.limits
  for (const [name, size] of [
    ['three-parts', 2 * partBytes + 1],
    ['one-short-part', 10],
  ] as const) {
    const bytes = randomBody(size)
    const upload = await store.startMultipart(key(name))
    try {
      for (let at = 0; at < size; at += partBytes) await upload.putPart(bytes.subarray(at, at + partBytes))
      need((await store.head(key(name))) === null, 'an upload is there before it is complete')
      const { objects } = await store.list(folder + name, { limit: 1 })
      need(objects.length === 0, 'an upload is listed before it is complete')
      await upload.complete()
    } catch (error) {
      await upload.abort()
      throw error
    }
    need(isSame((await store.get(key(name)))?.bytes, bytes), `an upload of ${size} bytes has become others`)
  }
  return ok(`parts of ${partBytes / 2 ** 20} MiB and a shorter last one; nothing is there before the completion`)
}

async function probeAbort({ store, folder, key }: Bench): Promise<Seen> {
  const [fresh, old] = [key('new'), key('old')]
  const before = randomBody(10)
  await store.put(old, before)
  for (const name of [fresh, old]) {
    const upload = await store.startMultipart(name)
    try {
      await upload.putPart(randomBody(1000))
    } finally {
      await upload.abort()
    }
  }
  need((await store.head(fresh)) === null, 'an upload that was given up is there')
  need(isSame((await store.get(old))?.bytes, before), 'an upload that was given up has replaced what was there')
  const listed = (await store.list(folder, { limit: 10 })).objects.map(({ key: found }) => found)
  need(!listed.includes(fresh), 'an upload that was given up is listed')
  return ok('an upload that is given up leaves nothing')
}

async function probeApart({ store, key }: Bench): Promise<Seen> {
  const name = key('object')
  const bodies = [randomBody(100), randomBody(200)] as const
  const uploads = [await store.startMultipart(name), await store.startMultipart(name)] as const
  try {
    for (const turn of [0, 1] as const) await uploads[turn].putPart(bodies[turn])
    for (const turn of [1, 0] as const) {
      await uploads[turn].complete()
      need(isSame((await store.get(name))?.bytes, bodies[turn]), 'two uploads to one key are mixed up')
    }
  } finally {
    for (const upload of uploads) await upload.abort()
  }
  return ok('two uploads to one key do not mix')
}

async function probeCopy({ store, key }: Bench): Promise<Seen> {
  const [from, to] = [key('from'), key('to')]
  const bytes = randomBody(1000)
  await store.put(from, bytes, { contentType: 'application/json', metadata: { size: '7' } })
  await store.put(to, randomBody(5))
  need(await store.copy(from, to, bytes.length), 'what is there is not found as the source of a copy')
  const copied = await store.get(to)
  need(isSame(copied?.bytes, bytes), 'a copy has other bytes')
  need(copied?.contentType === 'application/json', 'a copy has another Content-Type')
  need(copied.metadata['size'] === '7', 'a copy loses the metadata')
  need(!(await store.copy(key('absent'), key('made'), 10)), 'a copy of what is not there succeeds')
  need((await store.head(key('made'))) === null, 'a copy of what is not there makes something')
  return ok('a copy has the same bytes and attributes, and replaces what was there')
}

async function probeCopyParts({ settings, store, key }: Bench): Promise<Seen> {
  const { partBytes } = store.limits
  const byParts = createS3ObjectStore(settings, { copyBytes: partBytes })
  const bytes = randomBody(2 * partBytes + 1)
  await store.put(key('from'), bytes)
  need(await byParts.copy(key('from'), key('to'), bytes.length), 'the source of a copy by parts is not found')
  need(isSame((await store.get(key('to')))?.bytes, bytes), 'a copy by parts has other bytes')
  return ok('an object is copied by ranges of it')
}
