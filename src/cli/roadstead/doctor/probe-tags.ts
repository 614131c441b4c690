import { setTimeout as delay } from 'node:timers/promises'

import { need, ok, warn, type Outcome } from './finding.ts'
import { manifestOf, MANIFEST_TYPE } from './image.ts'
import { pushManifest } from './probe-push.ts'
import type { Answer } from './send.ts'
import { needStatus, statusOf, type Trial } from './trial.ts'

const STEP_MS = 2_000
const CACHED = 'a cache before the registry keeps tags: take out its rule for /v2/; TAG_READS=fresh rules out the index'

/** A tag that moves, and goes. */
export async function probeTags(trial: Trial): Promise<void> {
  const { visit, ask, repository, tag, image } = trial
  const path = `/v2/${repository}/manifests/${tag}`
  const get = () => ask(path, { headers: { Accept: MANIFEST_TYPE } })
  const second = manifestOf(image, 'second')

  await visit.check('tag-move', async () => {
    await get() // or nobody would remember the one before
    await pushManifest(trial, second)
    const isNew = ({ headers }: Answer) => headers.get('Docker-Content-Digest') === second.digest
    return awaitThat(trial, get, isNew, 'a tag that was moved', 'it points to the new manifest')
  })
  await visit.check('tag-delete', async () => {
    const answer = await ask(path, { method: 'DELETE' })
    needStatus(answer, 202, 'DELETE of a tag', 'see that what is before the registry lets DELETE through')
    return awaitThat(trial, get, ({ status }) => status === 404, 'a tag that was deleted', 'it is gone')
  })
}

async function awaitThat(
  { visit }: Trial,
  get: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
  what: string,
  then: string,
): Promise<Outcome> {
  const start = Date.now()
  for (let answer = await get(); ; answer = await get()) {
    const seconds = Math.round((Date.now() - start) / 1000)
    if (holds(answer)) {
      if (seconds * 1000 < STEP_MS) return ok(`${what}: ${then} at once`)
      return warn(`${what}: ${then} only after ${seconds} s`, `the bound is ${visit.staleMs / 1000} s; ${CACHED}`)
    }
    const late = Date.now() - start > visit.staleMs
    need(!late, `${what} is still answered as before after ${seconds} s (${statusOf(answer)})`, CACHED)
    await delay(Math.min(STEP_MS, visit.staleMs), null, { signal: visit.signal })
  }
}
