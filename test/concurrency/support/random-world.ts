import { imageOf } from '../../suites/client.ts'
import type { Random } from '../explorer/explore.ts'
import type { Run } from '../explorer/run.ts'
import { checkStored } from './check-storage.ts'
import { checkTags } from './check-tags.ts'
import * as images from './images.ts'
import { A, B, CONFIG, EMPTY, INDEX_OF_A, LAYER, stored } from './images.ts'
import type { Entry } from './log.ts'
import type { Act } from './scenario.ts'
import * as uploads from './uploads.ts'
import { createWorld, type Client, type World } from './world.ts'
import { canBe, writesOfManifest } from './writes.ts'

/** A layer that somebody must upload before the image that names it can be pushed. */
const NEW_LAYER = 'a layer to be uploaded'
const IMAGE_OF_NEW = imageOf(CONFIG, [uploads.bytesOf(NEW_LAYER)])
const TEXTS = [NEW_LAYER, 'short', 'other']

const MANIFESTS = [A, B, INDEX_OF_A, EMPTY, IMAGE_OF_NEW]
const TAGS = ['v1', 'v2']

const before = await stored([CONFIG, LAYER], [[B], [A, 'v1']])
const withoutKv = { objects: before.objects, entries: new Map() }

/** What a client does next; drawn before the run, so that the order of its steps cannot change it. */
function drawAct(random: Random, topic: Topic): Act {
  const image = random.pick(topic === 'one tag' ? [A, EMPTY] : MANIFESTS)
  const tag = random.pick(topic === 'one tag' ? ['v1'] : TAGS)
  const [text, other] = [random.pick(TEXTS), random.pick(TEXTS)]
  const session = uploads.firstLocation(random.chance(0.7) ? undefined : 'aaaaaaaa-2222-4333-8444-555555555555')
  const cut = 1 + random.below(text.length - 1)
  const sized = random.chance(0.5)
  const repository = random.pick(['app', 'other'])
  const from = random.pick(['app', null])
  const push = (client: Client) => images.push(client, image, tag)
  const aboutTags: Weighted = [
    [4, push],
    [1, (client) => images.push(client, image)],
    [2, untilAnswered(push)],
    [1, untilAnswered((client) => images.deleteTag(client, tag))],
    [2, (client) => images.deleteTag(client, tag)],
    [2, (client) => images.deleteImage(client, image)],
    [3, (client) => images.pull(client, tag)],
    [1, (client) => images.pullDigest(client, image)],
  ]
  const aboutBlobs: Weighted = [
    [1, (client) => uploads.post(client, repository, text)],
    [1, (client) => uploads.mount(client, 'other', text, from)],
    [1, (client) => uploads.cancel(client, session)],
    [1, (client) => uploads.close(client, session, text, text)],
    [
      2,
      async (client) => {
        const next = await uploads.patch(client, session, text, { sized })
        if (next !== null && (await uploads.close(client, next, text)) === 0) await uploads.close(client, next, text)
      },
    ],
    [
      2,
      async (client) => {
        const second = await uploads.patch(client, session, text.slice(0, cut), { first: 0 })
        if (second === null) return
        const third = await uploads.patch(client, second, text.slice(cut), { first: cut })
        if (third !== null) await uploads.close(client, third, text)
        else await uploads.close(client, second, text.slice(0, cut) + other, other)
      },
    ],
  ]
  const acts = { all: [...aboutTags, ...aboutBlobs], 'one tag': aboutTags, uploads: aboutBlobs }[topic]
  return random.pick(acts.flatMap(([weight, act]) => new Array<Act>(weight).fill(act)))
}

/** Fewer things to deal with make more of them meet. */
type Topic = 'all' | 'one tag' | 'uploads'

type Weighted = readonly (readonly [weight: number, act: Act])[]

/** Once more when the first time was answered by a failure, or not at all. */
export function untilAnswered(act: (client: Client) => Promise<Response | null>): Act {
  return async (client) => {
    const first = await act(client)
    if (first === null || first.status >= 500) await act(client)
  }
}

/** Two to four clients, each with a few requests one after the other, and the check of all that must hold. */
export function randomWorld(run: Run, random: Random): () => Promise<void> {
  const world = createWorld(run, {
    ...random.pick([before, withoutKv]),
    limits: { partBytes: uploads.PART_BYTES },
    freshTagReads: random.chance(0.2),
  })
  const topic = random.pick<Topic>(['all', 'all', 'one tag', 'uploads'])
  const clients = 2 + random.below(3)
  for (let index = 0; index < clients; index++) {
    const acts = Array.from({ length: 1 + random.below(5 - clients) }, () => drawAct(random, topic))
    world.client('abcd'.charAt(index), async (client) => {
      for (const act of acts) await act(client)
    })
  }
  return () => checkWorld(world)
}

async function checkWorld(world: World): Promise<void> {
  await checkTags(world, {
    tags: { v1: A.digest, v2: null },
    manifests: Object.fromEntries(MANIFESTS.map((image) => [image.digest, image === A || image === B])),
  })
  await uploads.checkBlobs(world)
  const { entries } = world.log
  const deleted = entries.some(({ call }) => call.kind === 'delete manifest')
  await checkStored(world, deleted ? ['tag-without-manifest', 'manifest-without-child'] : [])
  for (const entry of entries) {
    const { call, status, faults } = entry
    if (status >= 500 && faults.length === 0) throw new Error(`${call.kind} was answered ${status} without a fault`)
    if (call.kind === 'push' && status === 404 && !mayLack(call.digest, entry, entries))
      throw new Error(`push of ${call.digest} was refused, though all it names is there`)
  }
}

/** Whether something that the manifest names may have been absent while it was pushed. */
function mayLack(digest: string, { begin, end }: Entry, log: readonly Entry[]): boolean {
  if (digest === INDEX_OF_A.digest) {
    const until = writesOfManifest(A.digest, true, log).filter((write) => write.begin < end)
    return canBe(null, until, begin)
  }
  const layer = uploads.digestOfText(NEW_LAYER)
  return (
    digest === IMAGE_OF_NEW.digest &&
    !log.some(
      ({ call, status, end: done }) =>
        call.kind === 'blob' && call.digest === layer && call.repository === 'app' && status === 201 && done < begin,
    )
  )
}
