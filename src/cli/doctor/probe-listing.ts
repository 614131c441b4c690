import { inParallel, randomBody, type Bench, type Probe } from './bench.ts'
import { need, ok, type Seen } from './finding.ts'

const ROUNDS = 10
const PAGE = 1000
const KEYS = PAGE + 10

export const LISTING_PROBES: readonly Probe[] = [
  { name: 'list-after-write', run: probeListAfterWrite },
  { name: 'list-order', run: probeOrder },
  { name: 'list-after', run: probeAfter },
  { name: 'list-pages', run: probePages },
]

async function probeListAfterWrite({ store, folder, key }: Bench): Promise<Seen> {
  for (let round = 1; round <= ROUNDS; round++) {
    await store.put(key(`object-${round}`), randomBody(10))
    const { objects } = await store.list(folder, { limit: 100 })
    need(objects.length === round, `a listing right after write ${round} has ${objects.length} keys`)
  }
  return ok(`${ROUNDS} writes are listed at once`)
}

/** In the order of their bytes, which is neither that of words nor that of a path's parts. */
const IN_ORDER = ['!', '-', '0', '@', 'A', '_', 'a', 'a!', 'a-b', 'a.b', 'a/b', 'a/c', 'a0', 'b']

async function folderOf({ store, key }: Bench): Promise<void> {
  await inParallel([...IN_ORDER].reverse(), (name) => store.put(key(`in/${name}`), randomBody(name.length)))
  await store.put(key('in-beside'), randomBody(1))
}

async function probeOrder(bench: Bench): Promise<Seen> {
  await folderOf(bench)
  const { objects, more } = await bench.store.list(`${bench.folder}in/`, { limit: 100 })
  const names = objects.map(({ key }) => key.slice(`${bench.folder}in/`.length))
  need(names.join(' ') === IN_ORDER.join(' '), `keys are listed as ${names.join(' ')}, not in the order of their bytes`)
  need(
    objects.every(({ size }, i) => size === IN_ORDER[i]?.length),
    'sizes in a listing are wrong',
  )
  need(!more, 'a whole listing says that there is more')
  return ok('all keys below a prefix, in the order of their bytes, with their sizes')
}

async function probeAfter(bench: Bench): Promise<Seen> {
  await folderOf(bench)
  const rows: [after: string, want: string[], more: boolean][] = [
    ['a', ['a!', 'a-b'], true],
    ['a-', ['a-b', 'a.b'], true], // no such key
    ['a0', ['b'], false],
    ['b', [], false],
  ]
  for (const [after, want, wantMore] of rows) {
    const { objects, more } = await bench.store.list(`${bench.folder}in/`, { after, limit: 2 })
    const names = objects.map(({ key }) => key.slice(`${bench.folder}in/`.length))
    need(names.join(' ') === want.join(' '), `start-after "${after}" is followed by ${names.join(' ') || 'nothing'}`)
    need(more === wantMore, `start-after "${after}": a listing does not know whether there is more`)
  }
  return ok('start-after and max-keys are heeded')
}

async function probePages({ store, folder, key }: Bench): Promise<Seen> {
  const names = Array.from({ length: KEYS }, (_, i) => String(i).padStart(5, '0'))
  await inParallel(names, (name) => store.put(key(name), new Uint8Array(0)))
  const first = await store.list(folder, { limit: PAGE })
  need(first.objects.length === PAGE && first.more, `a page of ${PAGE} has ${first.objects.length} keys`)
  const second = await store.list(folder, { after: names[PAGE - 1] ?? '', limit: PAGE })
  const keys = [...first.objects, ...second.objects].map((object) => object.key.slice(folder.length))
  need(keys.join(' ') === names.join(' ') && !second.more, `${KEYS} keys are ${keys.length} in two pages`)
  return ok(`${KEYS} keys written 32 at a time are listed in two pages`)
}
